"""Measure a file: it is read and decoded once, and gives everything that the rules need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import imagehash
from PIL import Image

from wms.core.errors import ImageError
from wms.core.settings import ValidationPolicy
from wms.imaging.files import as_grey, decode, open_image, orientation, read_bytes, refuse_mode, upright

HASH_SIDE = 16
"""Side of the perceptual hash: 256 bits. With 64 bits, different meters are as close as copies are."""

_HASH_SOURCE_PX = 256
"""Smallest side of the image that is hashed; the JPEG decoder scales down to it."""


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """What was measured of an image; width and height as stored, before `orientation` (1..8) is applied.

    `phash` has `HASH_SIDE` squared bits, in hexadecimal.
    """

    format: str
    width_px: int
    height_px: int
    orientation: int
    mode: str
    see_through: bool
    phash: str

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels after the EXIF orientation is applied."""
        size = (self.width_px, self.height_px)
        return size if self.orientation <= 4 else size[::-1]


@dataclass(frozen=True, kw_only=True)
class MaskFacts:
    """What was measured of a mask, as stored.

    `histogram` counts its pixels by grey level, `border` those of the outermost rows and columns;
    both have 256 entries.
    """

    format: str
    width_px: int
    height_px: int
    orientation: int
    see_through: bool
    histogram: tuple[int, ...]
    border: tuple[int, ...]

    def share_above(self, level: int) -> float:
        """Share of all pixels above a grey level, in 0..1."""
        return sum(self.histogram[level + 1 :]) / sum(self.histogram)

    def border_share_above(self, level: int) -> float:
        """Share of the border's pixels above a grey level, in 0..1."""
        return sum(self.border[level + 1 :]) / sum(self.border)

    def grey_share(self, tolerance: int) -> float:
        """Share in 0..1 of the drawn pixels that are grey; 0 if nothing is drawn.

        Drawn pixels are above `tolerance`; grey ones of them are below `255 - tolerance`.
        """
        drawn = sum(self.histogram[tolerance + 1 :])
        return sum(self.histogram[tolerance + 1 : 255 - tolerance]) / drawn if drawn else 0.0


def measure_image(path: Path, *, policy: ValidationPolicy) -> ImageFacts:
    """Read, check and decode an image, and compute its perceptual hash.

    A JPEG is read to its last byte, so a truncated file is noticed, but decoded small and without colour:
    this is enough for the hash and takes half the time.

    Raises:
        ImageError: it cannot be used, for the reason in its `rule`.
    """
    with open_image(read_bytes(path), name="it") as image:
        _refuse_size(image, policy)
        refuse_mode(image, name="it")
        width_px, height_px, mode, turn = image.width, image.height, image.mode, orientation(image)
        image.draft("L", (_HASH_SOURCE_PX, _HASH_SOURCE_PX))
        decode(image, name="it")
        see_through = _see_through(image)
        small = upright(as_grey(image, name="it"), turn)
        return ImageFacts(
            format=_format(image),
            width_px=width_px,
            height_px=height_px,
            orientation=turn,
            mode=mode,
            see_through=see_through,
            phash=str(imagehash.dhash(small, hash_size=HASH_SIDE)),
        )


def measure_mask(path: Path, *, policy: ValidationPolicy) -> MaskFacts:
    """Read, check and decode a mask, and count its grey levels.

    Raises:
        ImageError: it cannot be used, for the reason in its `rule`.
    """
    with open_image(read_bytes(path), name="it") as image:
        _refuse_size(image, policy)
        decode(image, name="it")
        grey = as_grey(image, name="it")
        return MaskFacts(
            format=_format(image),
            width_px=image.width,
            height_px=image.height,
            orientation=orientation(image),
            see_through=_see_through(image),
            histogram=tuple(grey.histogram()),
            border=_border_histogram(grey),
        )


def _refuse_size(image: Image.Image, policy: ValidationPolicy) -> None:
    shorter, longer = sorted(image.size)
    size = f"it is {image.width}x{image.height}"
    if longer > policy.max_side_px or shorter * longer > policy.max_pixels:
        limits = f"{policy.max_side_px} px a side and {policy.max_pixels / 1e6:.0f} megapixels are allowed"
        raise ImageError(f"{size}; {limits}", rule="too-large")
    if shorter < policy.min_side_px:
        raise ImageError(f"{size}; at least {policy.min_side_px} px a side are required", rule="too-small")


def _see_through(image: Image.Image) -> bool:
    """Whether any pixel is not opaque; an alpha channel that is opaque everywhere does not count."""
    if not image.has_transparency_data:
        return False
    opacity = image.convert("RGBA").getchannel("A").getextrema()
    return opacity[0] != 255


def _format(image: Image.Image) -> str:
    """`PNG` or `JPEG`; the MPO of some phones is a JPEG with more images appended."""
    return "PNG" if image.format == "PNG" else "JPEG"


def _border_histogram(grey: Image.Image) -> tuple[int, ...]:
    width, height = grey.size
    edges = (
        (0, 0, width, 1),
        (0, height - 1, width, height),
        (0, 0, 1, height),
        (width - 1, 0, width, height),
    )
    return tuple(map(sum, zip(*(grey.crop(edge).histogram() for edge in edges), strict=True)))
