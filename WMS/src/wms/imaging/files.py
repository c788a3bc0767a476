"""The one place where image files become arrays.

Training, evaluation, prediction and serving all read through here, so none of them can disagree
about orientation, colour or what a mask pixel means. Refused in words: anything but JPEG and PNG,
CMYK, more than 8 bits a channel, more than `MAX_PIXELS`. Made to fit: greyscale and palettes become
RGB; see-through pixels are laid on white in images, as viewers show them, and on black in masks.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from wms.core.errors import ImageError
from wms.core.records.dataset import Sample
from wms.imaging.filetypes import describe_unknown, known_type

FORMATS = ("JPEG", "PNG")
"""What is read. Phones also write MPO, which is a JPEG with further images behind it."""

MAX_PIXELS = 80_000_000
"""Most pixels that are ever decoded, some 400 MB. Below Pillow's own bomb guard, so this one speaks."""

MAX_FILE_BYTES = 100 * 2**20
"""Largest file that is read into memory: GitHub refuses larger ones in a push."""

MOST_SCANS = 100
"""Of a JPEG. A scan of 12 bytes takes the decoder through the whole image once more (7 ms at 24 megapixels),
so a megabyte of them blocks a core for ten minutes. Cameras and encoders write 1 to 12."""

SCAN = re.compile(rb"\xff\xda\x00(?:\x06\x00|\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
"""How each scan of a JPEG begins, with its length and number of components (ITU-T T.81, B.2.3): five bytes
that hardly come by chance, as in the video that some phones put behind a photograph."""

PNG_DEPTH_BYTE = 24
"""Where a PNG says its bits a channel (w3.org/TR/png, 11.2.1). Pillow reads 16-bit colours as 8, unsaid."""

UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, struct.error, zlib.error)
"""What Pillow raises for damaged files."""

# Where it matters, an error or a finding follows here that says more than Pillow's warning.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", module=r"PIL\.")


def read_image(path: Path) -> NDArray[np.uint8]:
    """Read a photograph, upright; see `decode_photograph`.

    Raises:
        ImageError: not there, unreadable, cut off, too large, CMYK or more than 8 bits a channel.
    """
    return decode_photograph(read_bytes(path), name=str(path))


def decode_photograph(data: bytes, *, name: str) -> NDArray[np.uint8]:
    """The pixels of a photograph's file, upright.

    Returns:
        uint8, HxWx3 (height and width after the EXIF orientation is applied), RGB in 0..255,
        read-only. An orientation outside 1..8 counts as 1: a third of the field data carries the
        invalid 0.

    Raises:
        ImageError: unreadable, cut off, too large, CMYK or more than 8 bits a channel.
    """
    return np.asarray(_upright_rgb(data, name=name))


def _upright_rgb(data: bytes, *, name: str) -> Image.Image:
    """The decoded photograph alone: what it was made from is free before its pixels are copied once more."""
    with open_image(data, name=name) as image:
        decode(image, name=name)
        refuse_mode(image, name=name)
        flat = flattened(image, background="white")
        return upright(flat if flat.mode == "RGB" else flat.convert("RGB"), orientation(image))


def read_mask(path: Path, *, threshold: int) -> NDArray[np.bool_]:
    """Read a mask: true where a pixel's grey level is above `threshold` (0..255).

    No EXIF orientation is applied: annotation tools show the upright image and write what was
    drawn on it (all masks of the field data fit that way, and none carries the tag).

    Returns:
        bool, HxW.

    Raises:
        ImageError: not there, unreadable, cut off, too large, CMYK or more than 8 bits a channel.
    """
    name = str(path)
    with open_image(read_bytes(path), name=name) as image:
        decode(image, name=name)
        return np.asarray(as_grey(image, name=name)) > threshold


def read_pair(
    sample: Sample, dataset: Path, *, threshold: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A sample's image and mask from the folders `images/` and `masks/` of a dataset.

    Returns:
        As `read_image` and `read_mask`; both have one height and width.

    Raises:
        ImageError: a file cannot be read, or the mask has another size than its image.
    """
    image = read_image(dataset / "images" / sample.image)
    mask = read_mask(dataset / "masks" / sample.mask, threshold=threshold)
    if mask.shape != image.shape[:2]:
        sizes = [f"{pixels.shape[1]}x{pixels.shape[0]}" for pixels in (mask, image)]
        raise ImageError(f"mask {sample.mask} is {sizes[0]}, its image {sample.image} {sizes[1]}")
    return image, mask


def read_bytes(path: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        ImageError: not there, not readable, or larger than `MAX_FILE_BYTES`.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ImageError(
                f"{path} has {size / 2**20:.0f} MiB, more than {MAX_FILE_BYTES // 2**20}",
                rule="too-large",
                remedy="Save it as a JPEG of quality 90 to 95.",
            )
        return path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror or error}", rule="unreadable") from error


def open_image(data: bytes, *, name: str) -> Image.Image:
    """Parse a file's header; no pixel is decoded yet.

    Raises:
        ImageError: no JPEG or PNG by its content, more than `MAX_PIXELS`, a JPEG of more than `MOST_SCANS`,
            or a PNG of more than 8 bits a channel.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        message = f"{name} has far more than {MAX_PIXELS // 10**6} megapixels and is not opened"
        raise ImageError(message, rule="too-large") from error
    except UNREADABLE as error:
        kind = known_type(data)
        if kind is None:
            message = f"{name} is not an image: it holds {describe_unknown(data)}"
            raise ImageError(message, rule="not-an-image") from error
        if kind in FORMATS:
            raise ImageError(f"{name} starts like a {kind} but is damaged", rule="truncated") from error
        raise ImageError(f"{name} is {kind} by its content, not a JPEG or PNG", rule="wrong-type") from error
    if image.width * image.height > MAX_PIXELS:
        size = f"{image.width}x{image.height}"
        raise ImageError(f"{name} is {size}, more than {MAX_PIXELS // 10**6} megapixels", rule="too-large")
    if image.format == "PNG":
        if data[PNG_DEPTH_BYTE] > 8:
            depth = data[PNG_DEPTH_BYTE]
            raise ImageError(f"{name} has more than 8 bits a channel ({depth})", rule="deep-pixels")
    elif (scans := len(SCAN.findall(data))) > MOST_SCANS:
        message = f"{name} is damaged: it has {scans} scans, and no camera writes more than {MOST_SCANS}"
        raise ImageError(message, rule="truncated")
    return image


def decode(image: Image.Image, *, name: str) -> None:
    """Decode every pixel of an opened image; Pillow reads each stream to its end marker.

    Raises:
        ImageError: the data is cut off or damaged.
    """
    try:
        image.load()
    except UNREADABLE as error:
        raise ImageError(f"{name} is cut off or damaged: {error}", rule="truncated") from error


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1..8; anything else, such as the invalid 0, means 1.

    A damaged EXIF block says nothing about the orientation, as in every viewer: 1 as well.
    """
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except UNREADABLE:
        return 1
    return int(value) if value in range(1, 9) else 1


def upright(image: Image.Image, turn: int) -> Image.Image:
    """The image as it is meant to be seen, given its EXIF orientation (1..8).

    Pillow's own `exif_transpose` also writes the EXIF block anew, which fails on odd ones.
    """
    return image if turn == 1 else image.transpose(_TURNS[turn])


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def as_grey(image: Image.Image, *, name: str) -> Image.Image:
    """A mask in mode L; see-through pixels are laid on black, because what is not drawn is no window.

    Raises:
        ImageError: CMYK or more than 8 bits a channel.
    """
    refuse_mode(image, name=name)
    return flattened(image, background="black").convert("L")


def refuse_mode(image: Image.Image, *, name: str) -> None:
    """Refuse pixel formats whose conversion would guess.

    Raises:
        ImageError: CMYK (its colours need a profile) or more than 8 bits a channel.
    """
    if image.mode == "CMYK":
        raise ImageError(
            f"{name} is CMYK, made for print; its colours cannot be told without a profile", rule="cmyk"
        )
    if image.mode not in {"RGB", "L", "1", "P", "RGBA", "LA", "PA"}:
        raise ImageError(f"{name} has more than 8 bits a channel (Pillow: {image.mode})", rule="deep-pixels")


def flattened(image: Image.Image, *, background: str) -> Image.Image:
    """An image with its see-through pixels laid on a colour; the image itself if it has none."""
    if not image.has_transparency_data:
        return image
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, background), layer)
