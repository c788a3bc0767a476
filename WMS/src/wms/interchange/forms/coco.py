"""COCO: one JSON file with images, annotations and categories (https://cocodataset.org/#format-data).

CVAT, Roboflow, Segments.ai and many others write it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wms.interchange.outgoing import LABEL, Labelled
from wms.interchange.regions import Bitmap, Drawing, FormError, Mask, Outline, Region, corners, gathered
from wms.interchange.source import Source


def find(source: Source) -> list[Path]:
    """The JSON files of this form."""
    return source.documents_like(
        lambda content: (
            isinstance(content, dict)
            and isinstance(content.get("images"), list)
            and isinstance(content.get("annotations"), list)
            and "categories" in content
        )
    )


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """One drawing for each image. Rings of one annotation are parts, never holes, as in pycocotools."""
    content = source.documents[path]
    labels = {entry["id"]: str(entry["name"]) for entry in content["categories"]}
    drawn: dict[Any, list[Any]] = defaultdict(list)
    for entry in content["annotations"]:
        drawn[entry["image_id"]].append(entry)

    def regions_of(part: tuple[Any, Any]) -> list[Region]:
        category, segmentation = part
        return [Region(label=labels.get(category, f"category {category}"), shape=_shape(segmentation))]

    for image in content["images"]:
        parts = [
            (entry["category_id"], part)
            for entry in drawn[image["id"]]
            for part in _parts(entry.get("segmentation"))
        ]
        regions, notes = gathered(regions_of, parts)
        # Some tools write 0 for a size that they do not know.
        size = int(image.get("width") or 0), int(image.get("height") or 0)
        for entry in drawn[image["id"]]:
            if not all(size) and isinstance(entry.get("segmentation"), dict):
                size = tuple(entry["segmentation"]["size"])[::-1]
        yield Drawing(
            name=str(image["file_name"]),
            told_in=path,
            regions=regions,
            size=size if all(size) else None,
            notes=notes,
        )


def _parts(segmentation: Any) -> list[Any]:
    """The rings of an annotation, or its run-length mask; nothing stands for itself."""
    return segmentation if segmentation and isinstance(segmentation, list) else [segmentation]


def _shape(part: Any) -> Outline | Bitmap:
    if not part:
        raise FormError("a bounding box without an outline")
    if isinstance(part, dict):
        return Bitmap(load=partial(_decode, part))
    return Outline(rings=(corners(part),), rule="even-odd")


def _decode(segmentation: dict[str, Any]) -> Mask:
    """A run-length mask, compressed or not; runs go down the columns."""
    from pycocotools import mask as coco_mask

    counts, (height, width) = segmentation["counts"], segmentation["size"]
    try:
        runs = (
            coco_mask.frPyObjects(segmentation, height, width)
            if isinstance(counts, list)
            else {"size": [height, width], "counts": counts.encode()}
        )
        return np.asarray(coco_mask.decode(runs), dtype=np.bool_)
    except (ValueError, TypeError, AttributeError) as error:
        raise FormError(f"a run-length mask that cannot be decoded: {error}") from error


def write(items: Iterable[Labelled], folder: Path) -> None:
    """Write `annotations/instances_default.json` with compressed run-length masks, as CVAT names it."""
    from pycocotools import mask as coco_mask

    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, item in enumerate(items, start=1):
        width, height = item.size
        images.append({"id": number, "file_name": item.file_name, "width": width, "height": height})
        mask = item.mask()
        if mask is None or not mask.any():
            continue
        runs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        annotations.append(
            {
                "id": len(annotations) + 1,
                "image_id": number,
                "category_id": 1,
                "segmentation": {"size": [height, width], "counts": runs["counts"].decode()},
                "area": int(coco_mask.area(runs)),
                "bbox": [float(value) for value in coco_mask.toBbox(runs)],
                "iscrowd": 1,  # in COCO, what is told by runs
            }
        )
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": LABEL}]}
    target = folder / "annotations/instances_default.json"
    target.parent.mkdir()
    target.write_text(json.dumps(content), encoding="utf-8")
