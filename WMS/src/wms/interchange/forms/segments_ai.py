"""Segments.ai: a release file, and the bitmaps that `segments.utils.export_dataset` writes beside it.

Source: https://docs.segments.ai and `segments/export.py` of the package segments-ai.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from wms.core.errors import Code, InputError
from wms.interchange.pixels import open_mask
from wms.interchange.regions import Bitmap, Drawing, FormError, Mask, Outline, Region, box, corners, gathered
from wms.interchange.source import Source

_FORMS = ("", "_instance", "_semantic")
"""What follows `PHOTO_label_LABELSET` in the name of a bitmap."""


def find(source: Source) -> list[Path]:
    """The release files."""
    return source.documents_like(
        lambda content: (
            isinstance(content, dict)
            and isinstance(content.get("dataset"), dict)
            and isinstance(content["dataset"].get("samples"), list)
        )
    )


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """One drawing for each sample: vectors of the release itself, or the bitmap beside it.

    Raises:
        InputError: the bitmaps are on the web alone.
    """
    dataset = source.documents[path]["dataset"]
    categories = (dataset.get("task_attributes") or {}).get("categories") or []
    names = {entry["id"]: str(entry["name"]) for entry in categories}
    for sample in dataset["samples"]:
        labelset, told = _label(sample)
        regions, notes = gathered(
            partial(_vector, names), [part for part in told.get("annotations", ()) if "points" in part]
        )
        size = None
        if told.get("segmentation_bitmap"):
            bitmap = _bitmap(source, sample["name"], labelset)
            size = open_mask(bitmap).size
            regions += tuple(_regions(told["annotations"], bitmap, names))
        yield Drawing(name=str(sample["name"]), told_in=path, regions=regions, size=size, notes=notes)


def _label(sample: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The labelset of a sample that has something, `ground-truth` first, and what it says."""
    labels = sample.get("labels") or {}
    for name in sorted(labels, key=lambda name: name != "ground-truth"):
        attributes = (labels[name] or {}).get("attributes")
        if attributes:
            return name, attributes
    return "", {}


def _bitmap(source: Source, name: str, labelset: str) -> Path:
    """The file with a sample's bitmap."""
    stem = PurePosixPath(name).stem
    for form in _FORMS:
        for path in source.named(f"{stem}_label_{labelset}{form}.png".lower()):
            return path
    raise InputError(
        f"the release has the bitmap of {name} on the web, and none is in the source",
        Code.IMPORT,
        remedy="Write the bitmaps with `segments.utils.export_dataset(dataset, export_format='semantic')`, "
        "and name that folder too.",
    )


def _regions(annotations: list[dict[str, Any]], bitmap: Path, names: dict[Any, str]) -> Iterator[Region]:
    """A region for each number of the bitmap: categories in a semantic one, objects in the others."""
    key = "category_id" if bitmap.stem.endswith("_semantic") else "id"
    for number, category in dict.fromkeys((part[key], part["category_id"]) for part in annotations):
        load = partial(_equal, bitmap, number)
        yield Region(label=names.get(category, f"category {category}"), shape=Bitmap(load=load))


def _vector(names: dict[Any, str], part: dict[str, Any]) -> list[Region]:
    kind, points = part.get("type"), part["points"]
    if kind == "bbox":
        (x0, y0), (x1, y1) = points
        ring = box(x0, y0, x1, y1)
    elif kind == "polygon":
        ring = corners(points)
    else:
        raise FormError(f"a {kind} is no region")
    label = names.get(part["category_id"], f"category {part['category_id']}")
    return [Region(label=label, shape=Outline(rings=(ring,), rule="non-zero"))]


def _equal(bitmap: Path, number: int) -> Mask:
    values = np.asarray(open_mask(bitmap)).astype(np.int64)
    if values.ndim == 3:  # a number in four bytes, the lowest first; alpha is only there to be seen
        values = values[:, :, :3] @ (1, 256, 65536)
    return np.asarray(values == number)
