"""What is drawn on each photograph, for the writers of exports and for the test that reads them.

It imports NumPy and Pillow alone, because the writers run in environments of their own.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 320, 240
"""Of the photographs as they are seen."""

STAR = [(160, 20), (240, 220), (30, 90), (290, 90), (80, 220)]
"""A polygon that crosses itself: the pentagon in its middle is inside by non-zero and outside by even-odd."""


@dataclass(frozen=True)
class Scene:
    """Polygons of the label `window`, by corners in pixels, and the photograph's EXIF orientation."""

    windows: tuple[list[tuple[float, float]], ...]
    orientation: int = 1


SCENES = {
    "one": Scene(([(40.5, 60.25), (280, 50), (290.75, 150), (160, 120), (45, 160)],)),
    "two": Scene(([(20, 20), (150, 25), (145, 200), (15, 190)], [(170, 30), (300, 30), (300, 210)])),
    "out": Scene(([(-30, 100), (200, 60), (200, 270), (-30, 260)],)),
    "star": Scene((STAR,)),
    "turned": Scene(([(60, 20), (220, 30), (210, 210), (50, 200)],), orientation=6),
    "upside": Scene(([(10, 10), (150, 10), (150, 120), (10, 110)],), orientation=3),
}
OTHER = [(5.0, 5.0), (12.0, 5.0), (12.0, 12.0), (5.0, 12.0)]
"""A polygon of the label `digit`, on `one`."""


def photograph(name: str) -> bytes:
    """A small JPEG of one colour, whose stored pixels are turned by the scene's orientation."""
    scene = SCENES[name]
    size = (HEIGHT, WIDTH) if scene.orientation == 6 else (WIDTH, HEIGHT)
    shade = 40 * list(SCENES).index(name) + 30
    exif = Image.Exif()
    exif[0x0112] = scene.orientation
    stored = io.BytesIO()
    Image.new("RGB", size, (shade, 100, 160)).save(stored, format="JPEG", exif=exif)
    return stored.getvalue()


@lru_cache
def truth(name: str, rule: str) -> np.ndarray:
    """The window of a scene, bool, HxW, sampled four by four times in a pixel: more than half is inside."""
    fine = 4
    y, x = ((np.mgrid[: HEIGHT * fine, : WIDTH * fine] + 0.5) / fine).astype(np.float32)
    joined = np.zeros((HEIGHT, WIDTH), dtype=bool)
    for corners in SCENES[name].windows:
        winding = np.zeros(x.shape, dtype=np.int16)
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            if y0 == y1:
                continue
            crosses = (min(y0, y1) <= y) & (y < max(y0, y1)) & (x0 + (y - y0) * (x1 - x0) / (y1 - y0) < x)
            winding += np.where(crosses, 1 if y1 > y0 else -1, 0).astype(np.int16)
        inside = winding % 2 != 0 if rule == "even-odd" else winding != 0
        joined |= inside.reshape(HEIGHT, fine, WIDTH, fine).mean(axis=(1, 3)) > 0.5
    return joined
