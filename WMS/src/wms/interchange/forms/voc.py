"""Pascal VOC and CVAT's Segmentation mask 1.1: colours in `SegmentationClass/`, names in `labelmap.txt`.

Sources: https://docs.cvat.ai/docs/dataset_management/formats/format-smask/ and, for the colours of VOC, its
development kit (`VOClabelcolormap.m`, `VOCinit.m`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from wms.interchange.pixels import colour_name, open_mask
from wms.interchange.regions import Bitmap, Drawing, FormError, Mask, Region
from wms.interchange.source import Source, read_text

Colour = tuple[int, int, int]

_FOLDER = "segmentationclass"
_VOC_LABELS = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)  # fmt: skip
_VOID = (224, 224, 192)
"""VOC's colour for borders that belong to no class."""


def find(source: Source) -> list[Path]:
    """The masks of this form, by the name of their folder."""
    return [path for path in source.images if _FOLDER in map(str.lower, path.parts[:-1])]


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """The drawing of one mask. Colours mean what the map says; a grey mask has line numbers of the map."""
    names = _label_map(source, path)
    image = _opened(path)
    found = image.getcolors(maxcolors=256)
    if found is None:
        raise FormError(f"{path.name} has more than 256 colours: it was scaled, or saved as a JPEG")
    lines = [*names.values()]
    regions = []
    for _, value in found:
        if isinstance(value, tuple):
            red, green, blue = (int(channel) for channel in value)
            colour: int | Colour = (red, green, blue)
            label = names.get((red, green, blue), colour_name((red, green, blue)))
        else:
            colour = int(value)
            label = lines[colour] if colour < len(lines) else f"index {colour}"
        if label.casefold() != "background" and colour not in (0, (0, 0, 0), _VOID):
            regions.append(Region(label=label, shape=Bitmap(load=partial(_equal, path, colour))))
    yield Drawing(name=str(path), told_in=path, regions=tuple(regions), size=image.size)


def _opened(path: Path) -> Image.Image:
    """A mask in grey levels or in colours, never by palette: a map names colours."""
    image = open_mask(path)
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _label_map(source: Source, path: Path) -> dict[Colour, str]:
    """Labels by colour, from the `labelmap.txt` above a mask, or else those of VOC."""
    above = [found for found in source.named("labelmap.txt") if path.is_relative_to(found.parent)]
    if not above:
        return {_voc_colour(index): label for index, label in enumerate(_VOC_LABELS)}
    lines = [line for line in read_text(above[0]).splitlines() if line.strip() and not line.startswith("#")]
    names: dict[Colour, str] = {}
    for index, line in enumerate(lines):
        label, colour, *_ = line.split(":")
        red, green, blue = map(int, colour.split(",")) if colour else _voc_colour(index)
        names[red, green, blue] = label
    return names


def _voc_colour(index: int) -> Colour:
    """The bits of an index, three at a time, from the highest bit of each channel down."""
    red, green, blue = (
        sum((index >> (3 * place + channel) & 1) << (7 - place) for place in range(8)) for channel in range(3)
    )
    return red, green, blue


def _equal(path: Path, value: int | Colour) -> Mask:
    equal = np.asarray(_opened(path)) == value
    return np.asarray(equal if equal.ndim == 2 else equal.all(axis=2))
