"""Drawing with smooth edges: everything is drawn larger and reduced at the end."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wms.synth.colour import RGB
from wms.synth.geometry import Points, circle

SUPERSAMPLING = 2


@lru_cache(maxsize=256)
def font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own font at a size; no font of the machine is used, so that images are the same."""
    return ImageFont.load_default(size=size_px)


@lru_cache(maxsize=2048)
def glyph(text: str, size_px: int, bold: int) -> Image.Image:
    """`text` as coverage 0..255 (mode L), cut to its ink."""
    face = font(size_px)
    left, top, right, bottom = face.getbbox(text, stroke_width=bold)
    image = Image.new("L", (max(1, round(right - left)), max(1, round(bottom - top))))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=face, stroke_width=bold)
    return image


def coverage(polygon: Points, size: tuple[int, int]) -> Image.Image:
    """How much of each pixel a polygon covers, 0..255 (mode L) of `size` (width, height).

    Points are in pixels with pixel centres at halves.
    """
    factor = 4
    low = np.maximum(np.floor(polygon.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(polygon.max(axis=0)).astype(int) + 1, size)
    image = Image.new("L", size)
    if (high <= low).any():
        return image
    part = Image.new("L", (int(high[0] - low[0]) * factor, int(high[1] - low[1]) * factor))
    # ImageDraw counts from the middle of its first pixel.
    corners = [(float(x), float(y)) for x, y in (polygon - low) * factor - 0.5]
    ImageDraw.Draw(part).polygon(corners, fill=255)
    image.paste(part.reduce(factor), (int(low[0]), int(low[1])))
    return image


class Canvas:
    """An image with coordinates of its own, drawn at `SUPERSAMPLING` times its size.

    Args:
        size_px: width and height of the finished image.
        fill: its colour at the start.
        unit_px: pixels of the finished image to one unit.
        origin_px: where (0, 0) lies in the finished image.
    """

    def __init__(
        self,
        size_px: tuple[int, int],
        fill: RGB,
        *,
        unit_px: float = 1.0,
        origin_px: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.image = Image.new("RGB", (size_px[0] * SUPERSAMPLING, size_px[1] * SUPERSAMPLING), fill)
        self.draw = ImageDraw.Draw(self.image)
        self.unit = unit_px * SUPERSAMPLING
        self.origin = np.asarray(origin_px) * SUPERSAMPLING

    def finish(self) -> Image.Image:
        """The image at its own size, RGB."""
        return self.image.reduce(SUPERSAMPLING)

    def pixels(self, points: Points) -> list[tuple[float, float]]:
        """Points as ImageDraw takes them."""
        return [(float(x), float(y)) for x, y in np.asarray(points) * self.unit + self.origin]

    def length(self, units: float) -> int:
        """A length in pixels, at least 1."""
        return max(1, round(units * self.unit))

    def polygon(self, points: Points, fill: RGB) -> None:
        """A filled polygon."""
        self.draw.polygon(self.pixels(points), fill=fill)

    def path(self, points: Points, fill: RGB, width: float, *, closed: bool = False) -> None:
        """A line through points."""
        if closed:
            points = np.vstack([points, points[:1]])
        self.draw.line(self.pixels(points), fill=fill, width=self.length(width), joint="curve")

    def disc(self, x: float, y: float, radius: float, fill: RGB) -> None:
        """A filled circle."""
        self.polygon(circle(x, y, radius, 40), fill)

    def text(
        self,
        at: Sequence[float] | Points,
        text: str,
        height: float,
        fill: RGB,
        *,
        angle_degrees: float = 0.0,
        width: float | None = None,
        bold: bool = False,
    ) -> None:
        """Text centred at a point, its ink about `height` high, squeezed to `width` where given.

        Angles turn counter-clockwise.
        """
        size_px = max(6, round(height * self.unit * 1.35))
        ink = glyph(text, size_px, max(1, size_px // 22) if bold else 0)
        if width is not None:
            ink = ink.resize((self.length(width), ink.height), Image.Resampling.BILINEAR)
        if angle_degrees:
            ink = ink.rotate(angle_degrees, Image.Resampling.BILINEAR, expand=True)
        x, y = self.pixels(np.array([at]))[0]
        self.image.paste(fill, (round(x - ink.width / 2), round(y - ink.height / 2)), ink)
