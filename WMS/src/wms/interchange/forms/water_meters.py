"""The public data set *Water Meters* (Toloka, 2020): `data.csv` with a polygon for each photograph.

Columns: `photo_name`, `value`, and `location` in shares of width and height, such as
`{'type': 'polygon', 'data': [{'x': 0.3, 'y': 0.3}, …]}`. `masks/` and `collage/` show the same polygons.
"""

from __future__ import annotations

import ast
import contextlib
import csv
from collections.abc import Iterator
from pathlib import Path

from wms.interchange.regions import Drawing, FormError, Outline, Region, corners, gathered
from wms.interchange.source import Source, read_text

LABEL = "window"


def find(source: Source) -> list[Path]:
    """The tables of this form."""
    return [
        path
        for path in source.named("data.csv", "data.tsv")
        if {"photo_name", "location"} <= set(_header(path))
    ]


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """One drawing for each photograph."""
    for row in csv.DictReader(read_text(path).splitlines(), delimiter=_delimiter(path)):
        regions, notes = gathered(_regions, [row["location"]])
        yield Drawing(name=f"images/{row['photo_name']}", told_in=path, regions=regions, notes=notes)


def _regions(text: str) -> list[Region]:
    try:
        points = ast.literal_eval(text)["data"]
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise FormError("a location that is not readable") from error
    ring = corners([(point["x"], point["y"]) for point in points])
    return [Region(label=LABEL, shape=Outline(rings=(ring,), rule="even-odd", relative=True))]


def _header(path: Path) -> list[str]:
    """The columns of a table; none of a file that is no text."""
    with contextlib.suppress(FormError):
        return next(csv.reader(read_text(path).splitlines()[:1], delimiter=_delimiter(path)), [])
    return []


def _delimiter(path: Path) -> str:
    return "\t" if "\t" in read_text(path).split("\n", 1)[0] else ","
