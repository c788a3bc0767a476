"""VGG Image Annotator, versions 1 and 2: a project, its JSON or its CSV export.

Source: https://www.robots.ox.ac.uk/~vgg/software/via/ and `via.js` of version 2.0.12.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from wms.interchange.regions import Drawing, FormError, Outline, Region, box, corners, ellipse, gathered
from wms.interchange.source import Source, read_text

_UNLABELLED = "(no label)"
_COLUMN = "region_shape_attributes"


def find(source: Source) -> list[Path]:
    """The JSON and CSV files of this form."""
    tables = [path for path in source.ending(".csv") if _COLUMN in _first_line(path)]
    return source.documents_like(lambda content: bool(_entries(content))) + tables


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """One drawing for each photograph. VIA draws on a canvas, which fills by non-zero."""
    if path.suffix.lower() == ".csv":
        told = _rows(path)
    else:
        told = {str(entry["filename"]): _told(entry) for entry in _entries(source.documents[path])}
    for name, pairs in told.items():
        regions, notes = gathered(_regions, pairs)
        yield Drawing(name=name, told_in=path, regions=regions, notes=notes)


Told = dict[str, list[tuple[dict[str, Any], dict[str, Any]]]]
"""The shape and the attributes of each region, by photograph."""


def _entries(content: Any) -> list[dict[str, Any]]:
    """The photographs of a JSON export; none if it is of another form."""
    entries = content.get("_via_img_metadata", content) if isinstance(content, dict) else None
    found = list(entries.values()) if isinstance(entries, dict) else []
    likely = all(isinstance(entry, dict) and "filename" in entry and "regions" in entry for entry in found)
    return found if likely else []


def _told(entry: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The regions of one photograph; version 1 numbers them."""
    regions = entry["regions"].values() if isinstance(entry["regions"], dict) else entry["regions"]
    return [(part["shape_attributes"], part["region_attributes"]) for part in regions]


def _rows(path: Path) -> Told:
    found: Told = defaultdict(list)
    for row in csv.DictReader(read_text(path).splitlines()):
        name = row.get("filename") or row["#filename"]
        shape = json.loads(row[_COLUMN] or "{}")
        regions = found[name]
        if shape:
            regions.append((shape, json.loads(row["region_attributes"] or "{}")))
    return found


def _regions(pair: tuple[dict[str, Any], dict[str, Any]]) -> list[Region]:
    shape, attributes = pair
    outline = Outline(rings=(_ring(shape),), rule="non-zero")
    return [Region(label=label, shape=outline) for label in _labels(attributes.values())]


def _labels(values: Iterable[Any]) -> list[str]:
    """What the first filled attribute says; a group of checkboxes says each that is ticked."""
    for value in values:
        ticked = [str(key) for key, on in value.items() if on] if isinstance(value, dict) else [str(value)]
        if any(ticked):
            return ticked
    return [_UNLABELLED]


def _ring(shape: dict[str, Any]) -> Any:
    kind = shape["name"]
    if kind in ("polygon", "polyline"):
        return corners(np.stack([shape["all_points_x"], shape["all_points_y"]], axis=1))
    if kind == "rect":
        left, top = shape["x"], shape["y"]
        return box(left, top, left + shape["width"], top + shape["height"])
    if kind == "circle":
        return ellipse(shape["cx"], shape["cy"], shape["r"], shape["r"])
    if kind == "ellipse":
        degrees = float(np.rad2deg(shape.get("theta", 0.0)))
        return ellipse(shape["cx"], shape["cy"], shape["rx"], shape["ry"], degrees=degrees)
    raise FormError(f"a {kind} is no region")


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline(4096)
