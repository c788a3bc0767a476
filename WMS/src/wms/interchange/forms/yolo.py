"""Ultralytics YOLO segmentation: a text file for each photograph, `class x y x y …` in shares of its size.

Source: https://docs.ultralytics.com/datasets/segment/; CVAT and Roboflow write it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from wms.interchange.regions import Drawing, FormError, Outline, Region, corners, gathered
from wms.interchange.source import Source, read_text

_BOX_VALUES = 5
"""A row of detection: class, centre, width and height."""


_MOST = 2.0
"""A share of the photograph that no tool writes; a polygon may lie a little outside."""


def find(source: Source) -> list[Path]:
    """The text files below a folder `labels`."""
    return [
        path
        for path in source.ending(".txt")
        if "labels" in (part.lower() for part in path.parts[:-1]) and _is_rows(path)
    ]


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """The drawing of one photograph. Ultralytics fills polygons with OpenCV, by even-odd."""
    names = _names(source, path)

    def regions_of(row: str) -> list[Region]:
        number, *values = row.split()
        if len(values) + 1 == _BOX_VALUES:
            raise FormError("a bounding box without an outline")
        ring = corners([float(value) for value in values])
        if np.abs(ring).max() > _MOST:
            raise FormError("corners in pixels, where shares of the photograph are expected")
        shape = Outline(rings=(ring,), rule="even-odd", relative=True)
        return [Region(label=names.get(int(number), f"class {number}"), shape=shape)]

    regions, notes = gathered(regions_of, filter(str.strip, read_text(path).splitlines()))
    yield Drawing(name=str(path.with_suffix("")), told_in=path, regions=regions, notes=notes)


def _is_rows(path: Path) -> bool:
    """Whether every row is numbers; an empty file is a photograph without objects."""
    try:
        return all(
            len([float(value) for value in row.split()]) > 1
            for row in read_text(path).split("\n")
            if row.strip()
        )
    except (ValueError, FormError):
        return False


def _names(source: Source, path: Path) -> dict[int, str]:
    """The labels by number, from the YAML file above the labels, or a list of one label a line."""
    for found in source.ending(".yaml", ".yml"):
        if path.is_relative_to(found.parent):
            try:
                told = yaml.safe_load(read_text(found))
            except yaml.YAMLError as error:
                raise FormError(f"{found.name} is no YAML: {error}") from error
            names = told.get("names") if isinstance(told, dict) else None
            if names:
                pairs = names.items() if isinstance(names, dict) else enumerate(names)
                return {int(number): str(name) for number, name in pairs}
    for found in source.named("classes.txt", "obj.names"):
        if path.is_relative_to(found.parent):
            return dict(enumerate(read_text(found).splitlines()))
    return {}
