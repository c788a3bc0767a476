"""The makes of meters that are drawn: colours, the window's place, and what is printed where.

Lengths are in dial units: the dial's centre is (0, 0), its radius 1, x to the right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wms.synth.colour import RGB

MarkKind = Literal["brand", "lines", "serial", "plate", "barcode", "star", "subdial", "badges", "caption"]
WheelLook = Literal["light", "dark"]
FrameLook = Literal["bezel", "outline", "recess", "decimal-box"]

WHITE: RGB = (238, 238, 234)
CREAM: RGB = (230, 220, 190)
SILVER: RGB = (196, 199, 202)
BLACK: RGB = (24, 24, 26)
RED: RGB = (200, 30, 38)
BLUE: RGB = (28, 74, 158)
BRASS: RGB = (168, 134, 72)
GREEN: RGB = (60, 130, 60)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something printed or mounted on the dial, centred at (x, y); `size` is its height or radius."""

    kind: MarkKind
    x: float
    y: float
    size: float


def _marks(*rows: tuple[MarkKind, float, float, float]) -> tuple[Mark, ...]:
    return tuple(Mark(kind=kind, x=x, y=y, size=size) for kind, x, y, size in rows)


@dataclass(frozen=True, kw_only=True)
class Style:
    """One make. Where several colours or numbers are given, each meter draws one of them.

    `window_y` is the height of the window's centre, `window_width` its whole width; its height follows
    from the number of wheels. `header` paints the top of the dial in the accent colour. `scale_ring`
    is a scale of ticks around the whole dial with one long pointer.
    """

    name: str
    faces: tuple[RGB, ...]
    ink: RGB
    accents: tuple[RGB, ...]
    walls: tuple[RGB, ...]
    bezels: tuple[RGB, ...]
    integer_wheels: tuple[int, ...]
    decimal_wheels: tuple[int, ...]
    window_y: float
    window_width: float
    wheels: WheelLook
    frame: FrameLook
    marks: tuple[Mark, ...]
    header: bool = False
    scale_ring: bool = False
    lid: bool = False


STYLES: tuple[Style, ...] = (
    Style(
        name="north",
        faces=(WHITE, (226, 230, 232), SILVER),
        ink=BLACK,
        accents=(RED, BLUE, GREEN),
        walls=((206, 208, 210), (60, 62, 66), BLUE, RED),
        bezels=((150, 152, 156), (216, 218, 220), (46, 48, 52)),
        integer_wheels=(5,),
        decimal_wheels=(3,),
        window_y=-0.32,
        window_width=1.12,
        wheels="light",
        frame="recess",
        marks=_marks(
            ("brand", 0.0, -0.66, 0.17),
            ("star", 0.0, 0.10, 0.15),
            ("subdial", 0.48, 0.30, 0.21),
            ("lines", -0.50, 0.14, 0.085),
            ("caption", -0.40, 0.55, 0.08),
            ("badges", 0.0, 0.78, 0.10),
        ),
    ),
    Style(
        name="river",
        faces=((240, 228, 224), WHITE, (228, 224, 214)),
        ink=(50, 44, 44),
        accents=((214, 92, 84), (216, 120, 50), BLUE),
        walls=((214, 206, 200), RED, BLUE),
        bezels=((224, 214, 208), (204, 206, 210)),
        integer_wheels=(5,),
        decimal_wheels=(3,),
        window_y=0.42,
        window_width=1.06,
        wheels="light",
        frame="outline",
        header=True,
        marks=_marks(
            ("brand", 0.0, -0.55, 0.15),
            ("lines", -0.52, -0.12, 0.09),
            ("star", 0.03, 0.0, 0.13),
            ("barcode", 0.46, -0.22, 0.16),
            ("serial", 0.46, -0.06, 0.085),
            ("badges", 0.0, 0.74, 0.11),
        ),
    ),
    Style(
        name="quartet",
        faces=(CREAM, WHITE, (214, 210, 196)),
        ink=BLACK,
        accents=(RED, (30, 60, 110)),
        walls=(BRASS, (120, 92, 52), (190, 190, 188)),
        bezels=((198, 196, 188), BRASS),
        integer_wheels=(4, 5),
        decimal_wheels=(0,),
        window_y=-0.36,
        window_width=0.74,
        wheels="light",
        frame="bezel",
        marks=_marks(
            ("serial", 0.0, -0.70, 0.12),
            ("caption", 0.0, -0.10, 0.075),
            ("star", 0.0, 0.14, 0.13),
            ("subdial", -0.58, 0.26, 0.17),
            ("subdial", -0.22, 0.60, 0.17),
            ("subdial", 0.22, 0.60, 0.17),
            ("subdial", 0.58, 0.26, 0.17),
        ),
    ),
    Style(
        name="azure",
        faces=((40, 88, 150), (34, 40, 52), (70, 118, 160)),
        ink=(228, 232, 238),
        accents=((240, 200, 60), RED, (230, 232, 236)),
        walls=(BRASS, (52, 54, 58), BLUE),
        bezels=(BRASS, (186, 188, 192)),
        integer_wheels=(4, 5),
        decimal_wheels=(2, 3),
        window_y=-0.30,
        window_width=1.0,
        wheels="dark",
        frame="bezel",
        scale_ring=True,
        marks=_marks(
            ("brand", 0.0, -0.58, 0.12),
            ("star", -0.30, 0.12, 0.11),
            ("subdial", 0.34, 0.18, 0.18),
            ("plate", 0.0, 0.56, 0.13),
        ),
    ),
    Style(
        name="orchard",
        faces=(CREAM, (226, 206, 150), WHITE),
        ink=(30, 28, 24),
        accents=(RED,),
        walls=(RED, (70, 66, 60), BRASS),
        bezels=((206, 196, 170), (176, 176, 176)),
        integer_wheels=(5,),
        decimal_wheels=(2, 3),
        window_y=-0.38,
        window_width=1.08,
        wheels="light",
        frame="decimal-box",
        marks=_marks(
            ("barcode", -0.02, -0.82, 0.11),
            ("serial", -0.02, -0.68, 0.09),
            ("brand", -0.34, -0.07, 0.14),
            ("lines", -0.50, 0.22, 0.08),
            ("star", 0.04, 0.18, 0.17),
            ("subdial", 0.62, 0.12, 0.25),
            ("caption", 0.0, 0.68, 0.09),
        ),
    ),
    Style(
        name="hatch",
        faces=((222, 218, 204), WHITE),
        ink=BLACK,
        accents=(BLUE, RED),
        walls=(BRASS, (150, 116, 60)),
        bezels=(BRASS, (140, 110, 60), (60, 62, 66)),
        integer_wheels=(4, 5, 6),
        decimal_wheels=(0, 2),
        window_y=-0.12,
        window_width=0.98,
        wheels="dark",
        frame="recess",
        scale_ring=True,
        lid=True,
        marks=_marks(
            ("caption", 0.0, -0.50, 0.08),
            ("star", 0.0, 0.28, 0.14),
            ("subdial", -0.44, 0.36, 0.18),
            ("subdial", 0.44, 0.36, 0.18),
            ("plate", 0.0, 0.66, 0.11),
        ),
    ),
)
