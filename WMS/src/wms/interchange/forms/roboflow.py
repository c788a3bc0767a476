"""Roboflow's semantic masks: `PHOTO_mask.png` beside `PHOTO.jpg`, and `_classes.csv` with the numbers.

Source: https://roboflow.com/formats/png-mask-semantic. Its COCO and YOLO exports are read as those forms.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from wms.interchange.pixels import read_levels
from wms.interchange.regions import Bitmap, Drawing, Mask, Region
from wms.interchange.source import Source, read_text

_ENDING = "_mask.png"


def find(source: Source) -> list[Path]:
    """The masks in the folders with such a table of classes."""
    folders = {path.parent for path in source.named("_classes.csv")}
    return [path for path in source.images if path.name.endswith(_ENDING) and path.parent in folders]


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """The drawing of one mask."""
    table = csv.reader(read_text(path.with_name("_classes.csv")).splitlines()[1:])
    names = {int(row[0]): row[1].strip() for row in table if row}
    levels = read_levels(path)
    yield Drawing(
        name=str(path.with_name(path.name.removesuffix(_ENDING))),
        told_in=path,
        regions=tuple(
            Region(
                label=names.get(int(value), f"value {value}"),
                shape=Bitmap(load=partial(_equal, path, int(value))),
            )
            for value in np.unique(levels)
            if names.get(int(value), "").casefold() != "background" and value != 0
        ),
        size=(levels.shape[1], levels.shape[0]),
    )


def _equal(path: Path, value: int) -> Mask:
    return np.asarray(read_levels(path) == value)
