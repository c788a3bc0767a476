"""One look at a file: read once, decoded once, and everything the rules need measured in passing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import imagehash
from PIL import Image

from wms.core.errors import DigestMismatchError, ImageError
from wms.core.settings import ValidationPolicy
from wms.imaging.files import as_grey, decode, open_image, orientation, read_bytes, refuse_mode, upright

HASH_SIDE = 16
"""Side of the perceptual hash: 256 bits. With 64 bits, distinct meters come as close as copies do."""

_HASH_SOURCE_PX = 256
"""Smallest side of the picture that the hash is made from; the JPEG decoder itself scales down to it."""


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """What was measured of a picture; width and height as stored, before `orientation` (1..8).

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
        """Share in 0..1 of what is drawn that is grey; 0 if nothing is drawn.

        Drawn are levels above `tolerance`; grey are those of them that are below `255 - tolerance`.
        """
        drawn = sum(self.histogram[tolerance + 1 :])
        return sum(self.histogram[tolerance + 1 : 255 - tolerance]) / drawn if drawn else 0.0


def measure_picture(path: Path, *, sha256: str, policy: ValidationPolicy) -> PictureFacts:
    """Read, check and decode a picture, and hash what it looks like.

    A JPEG is read to its last byte, so a cut is found, but reconstructed small and without colour:
    the hash needs no more, and that halves the time.

    Raises:
        ImageError: it cannot be used, for the reason in its `rule`.
        DigestMismatchError: its bytes are not those of `sha256` any more.
    """
    with open_image(_checked_bytes(path, sha256), name="it") as image:
        _refuse_size(image, policy)
        refuse_mode(image, name="it")
        width_px, height_px, mode, turn = image.width, image.height, image.mode, orientation(image)
        image.draft("L", (_HASH_SOURCE_PX, _HASH_SOURCE_PX))
        decode(image, name="it")
        see_through = _see_through(image)
        small = upright(as_grey(image, name="it"), turn)
        return PictureFacts(
            format=_format(image),
            width_px=width_px,
            height_px=height_px,
            orientation=turn,
            mode=mode,
            see_through=see_through,
            phash=str(imagehash.dhash(small, hash_size=HASH_SIDE)),
        )


def measure_mask(path: Path, *, sha256: str, policy: ValidationPolicy) -> MaskFacts:
    """Read, check and decode a mask, and count its grey levels.

    Raises:
        ImageError: it cannot be used, for the reason in its `rule`.
        DigestMismatchError: its bytes are not those of `sha256` any more.
    """
    with open_image(_checked_bytes(path, sha256), name="it") as image:
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


def _checked_bytes(path: Path, sha256: str) -> bytes:
    data = read_bytes(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DigestMismatchError(f"{path} changed after the merge looked at it")
    return data


def _refuse_size(image: Image.Image, policy: ValidationPolicy) -> None:
    shorter, longer = sorted(image.size)
    size = f"it is {image.width}x{image.height}"
    if longer > policy.max_side_px or shorter * longer > policy.max_pixels:
        limits = f"{policy.max_side_px} px a side and {policy.max_pixels / 1e6:.0f} megapixels are allowed"
        raise ImageError(f"{size}; {limits}", rule="too-large")
    if shorter < policy.min_side_px:
        raise ImageError(f"{size}; at least {policy.min_side_px} px a side are needed", rule="too-small")


def _see_through(image: Image.Image) -> bool:
    """Whether any pixel is not opaque; an alpha channel that hides nothing does not count."""
    if not image.has_transparency_data:
        return False
    opacity = image.convert("RGBA").getchannel("A").getextrema()
    return opacity[0] != 255


def _format(image: Image.Image) -> str:
    """`PNG` or `JPEG`; the MPO of some phones is a JPEG with further pictures behind it."""
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
