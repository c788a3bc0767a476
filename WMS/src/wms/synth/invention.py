"""Invented makes of meters, for pretraining: no two alike, and none of those in `STYLES`.

Everything that a network must not rely on is drawn at random: colours, the window's place and proportions,
and what is printed around it (domain randomisation, Tobin et al. 2017).
"""

from __future__ import annotations

from typing import get_args

import numpy as np

from wms.synth.colour import RGB
from wms.synth.rng import between, happens, pick
from wms.synth.style import FrameLook, Mark, MarkKind, Style, WheelLook

LIGHT, MIDDLE, DARK = (185, 245), (90, 200), (20, 80)
"""Ranges of a colour's channels."""

MARK_SIZES: dict[MarkKind, tuple[float, float]] = {
    "brand": (0.10, 0.19),
    "lines": (0.06, 0.10),
    "serial": (0.07, 0.13),
    "plate": (0.09, 0.14),
    "barcode": (0.08, 0.17),
    "star": (0.09, 0.18),
    "subdial": (0.15, 0.27),
    "badges": (0.08, 0.12),
    "caption": (0.06, 0.10),
}
"""Smallest and largest height or radius in dial units, about those of `STYLES`."""

TALLEST_WINDOW = 0.3
MARK_RADIUS = 0.78  # no mark's centre is further out
TRIES = 60


def invent_style(rng: np.random.Generator) -> Style:
    """A make that was never drawn before."""
    dark_face = happens(rng, 0.2)
    face = _colour(rng, DARK if dark_face else LIGHT, spread=45 if dark_face else 22)
    ink = _colour(rng, LIGHT if dark_face else DARK, spread=20)
    window_y = between(rng, -0.5, 0.5)
    chord = 2 * float(np.sqrt(0.85 - (abs(window_y) + 0.1) ** 2))
    window_width = min(between(rng, 0.55, 1.2), chord)
    return Style(
        name="invented",
        faces=(face,),
        ink=ink,
        accents=(_colour(rng, MIDDLE, spread=110),),
        walls=(_colour(rng, (40, 215), spread=70),),
        bezels=(_colour(rng, (50, 220), spread=40),),
        integer_wheels=(pick(rng, (4, 5, 5, 5, 6)),),
        decimal_wheels=(pick(rng, (0, 2, 3, 3)),),
        window_y=window_y,
        window_width=window_width,
        wheels=pick(rng, get_args(WheelLook)) if happens(rng, 0.6) else "light",
        frame=pick(rng, get_args(FrameLook)),
        marks=_marks(rng, window_y, window_width),
        header=window_y > 0.1 and happens(rng, 0.3),
        scale_ring=happens(rng, 0.25),
        lid=happens(rng, 0.2),
    )


def _colour(rng: np.random.Generator, level: tuple[int, int], *, spread: int) -> RGB:
    """A grey of the range, each channel moved by up to half of `spread`."""
    channels = between(rng, *level) + rng.uniform(-spread / 2, spread / 2, 3)
    red, green, blue = (int(channel) for channel in np.clip(channels, 0, 255))
    return red, green, blue


def _marks(rng: np.random.Generator, window_y: float, window_width: float) -> tuple[Mark, ...]:
    """Some marks beside the window and beside each other, where there is room."""
    marks: list[Mark] = []
    wanted = int(rng.integers(3, 11))
    for _ in range(TRIES):
        if len(marks) == wanted:
            break
        kind = pick(rng, list(MARK_SIZES))
        size = between(rng, *MARK_SIZES[kind])
        x, y = rng.uniform(-MARK_RADIUS, MARK_RADIUS, 2)
        above = abs(y - window_y) > TALLEST_WINDOW / 2 + size
        beside = abs(x) > window_width / 2 + 1.5 * size
        free = all(np.hypot(x - mark.x, y - mark.y) > size + mark.size for mark in marks)
        if np.hypot(x, y) < MARK_RADIUS and (above or beside) and free:
            marks.append(Mark(kind=kind, x=float(x), y=float(y), size=size))
    return tuple(marks)
