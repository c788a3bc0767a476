"""How images and masks are stored: JPEG with an EXIF orientation, masks as PNG or JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image

from wms.synth.rng import happens, pick

UPRIGHT = 1
# For each EXIF orientation of a telephone, what turns the upright image into the stored one.
_TO_STORED: dict[int, Image.Transpose] = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How one pair is written.

    `orientation` is the EXIF value: 1, 3, 6, 8, or the invalid 0, common in the field, that means upright.
    """

    orientation: int = UPRIGHT
    photo_quality: int = 88
    mask_is_jpeg: bool = False

    @property
    def mask_suffix(self) -> str:
        """The mask file's ending."""
        return ".jpg" if self.mask_is_jpeg else ".png"


def draw_encoding(rng: np.random.Generator) -> Encoding:
    """An encoding with the field's habits: a fifth stored turned, a third with orientation 0."""
    turned = happens(rng, 0.2)
    return Encoding(
        orientation=pick(rng, (3, 6, 6, 6, 8, 8) if turned else (0, UPRIGHT, UPRIGHT)),
        photo_quality=int(rng.integers(58, 93)),
        mask_is_jpeg=happens(rng, 0.35),
    )


def encode_photo(image: Image.Image, encoding: Encoding) -> bytes:
    """An upright RGB image as JPEG bytes, turned as its EXIF orientation then says."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = encoding.orientation
    return _encoded(stored(image, encoding.orientation), "JPEG", quality=encoding.photo_quality, exif=exif)


def encode_mask(mask: Image.Image, encoding: Encoding) -> bytes:
    """A mask (mode L) as PNG, or as JPEG with its ringing; always upright."""
    if encoding.mask_is_jpeg:
        return _encoded(mask, "JPEG", quality=90)
    return _encoded(mask, "PNG")


def stored(image: Image.Image, orientation: int) -> Image.Image:
    """The upright image as it is stored under an EXIF orientation."""
    if orientation in (0, UPRIGHT):
        return image
    return image.transpose(_TO_STORED[orientation])


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
