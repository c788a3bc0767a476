"""Mask files as other tools write them: what their levels, palettes and colours mean."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wms.imaging.files import MAX_PIXELS, UNREADABLE, orientation, read_bytes
from wms.interchange.regions import FormError, Mask

_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
_MOST_CLASSES = 64
"""A mask with more levels or colours has no classes: it was blurred, or saved as a JPEG."""

_SOLID = 48
"""As far as this from black or white a level still counts as such; `mask_tolerance` of data.yaml."""

WINDOW = "window"
"""The label of a mask that has one class."""


def open_mask(path: Path) -> Image.Image:
    """A decoded mask file.

    Raises:
        FormError: it cannot be read.
    """
    try:
        image = Image.open(io.BytesIO(read_bytes(path)), formats=_FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise FormError(f"{path.name} has more than {MAX_PIXELS // 10**6} megapixels")
        image.load()
    except (*UNREADABLE, Image.DecompressionBombError) as error:
        if isinstance(error, FormError):
            raise
        raise FormError(f"the mask {path.name} cannot be read") from error
    return image


def read_levels(path: Path) -> NDArray[np.uint8]:
    """A mask file as grey levels, uint8, HxW; a palette gives its indexes."""
    image = open_mask(path)
    return np.asarray(image if image.mode in ("L", "P") else image.convert("L"))


def colour_name(colour: tuple[int, int, int]) -> str:
    """A colour as people write it: `#ff0000`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def classes_of(path: Path, *, inverted: bool = False) -> tuple[dict[str, Mask], tuple[int, int], int]:
    """The classes of a plain mask by name, its size, and its EXIF orientation.

    One class is called `window`: white, 1, one colour, or what is opaque; several are called by their level,
    index or colour.

    Raises:
        FormError: it cannot be read, or shows no classes.
    """
    image = open_mask(path)
    turn = orientation(image)
    classes = _classes(image, path.name)
    if inverted:
        if len(classes) != 1:
            raise FormError(f"{path.name} has {len(classes)} classes and cannot be inverted")
        classes = {name: ~mask for name, mask in classes.items()}
    return {name: mask for name, mask in classes.items() if mask.any()}, image.size, turn


def _classes(image: Image.Image, name: str) -> dict[str, Mask]:
    if image.mode == "1":
        return {WINDOW: np.asarray(image)}
    if image.has_transparency_data and image.mode != "P":
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
        if alpha.min() < 128 <= alpha.max():
            return {WINDOW: alpha > 127}
    if image.mode == "P":
        indexes = np.asarray(image)
        return _by_value(indexes, {int(value): f"index {value}" for value in np.unique(indexes)})
    if image.mode.startswith("I"):
        levels = np.asarray(image).astype(np.int64)
        return _by_level(levels if levels.max() < 256 else levels >> 8, name, exact=True)
    colours = np.asarray(image.convert("RGB"))
    if (colours == colours[:, :, :1]).all():
        return _by_level(colours[:, :, 0], name, exact=image.format != "JPEG")
    codes = (colours.astype(np.int64) << np.array([16, 8, 0])).sum(axis=2)
    found = np.unique(codes)
    if len(found) > _MOST_CLASSES:
        # A colour that was saved as a JPEG has many shades; black is still dark in all channels.
        return {WINDOW: colours.max(axis=2) > 127}
    return _by_value(codes, {int(code): f"#{code:06x}" for code in found})


def _by_level(levels: NDArray[np.integer], name: str, *, exact: bool) -> dict[str, Mask]:
    """Grey levels: class numbers, black and white, or soft edges between the two."""
    found = np.unique(levels)
    solid = (found <= _SOLID) | (found >= 255 - _SOLID)
    numbers = found[(found > 0) & (found <= _SOLID)]
    if len(found) <= 2 or (exact and len(found) <= _MOST_CLASSES and (numbers.size or not solid.all())):
        return _by_value(levels, {int(value): f"value {value}" for value in found})
    return {WINDOW: levels > 127}


def _by_value(values: NDArray[np.integer], names: dict[int, str]) -> dict[str, Mask]:
    """One mask for each value but the background, which is the lowest."""
    background = 0 if 0 in names or len(names) < 2 else min(names)
    others = [value for value in names if value != background]
    if len(others) == 1:
        return {WINDOW: values == others[0]}
    return {names[value]: values == value for value in others}
