"""labelme: a JSON file beside each photograph.

Source: https://github.com/wkentaro/labelme, `labelme/_label_file.py` and `labelme/utils/shape.py`.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from PIL import Image

from wms.imaging.files import UNREADABLE
from wms.interchange.outgoing import LABEL, Labelled, window_of
from wms.interchange.regions import (
    Bitmap,
    Drawing,
    FormError,
    Mask,
    Outline,
    Region,
    box,
    corners,
    ellipse,
    gathered,
)
from wms.interchange.source import Source, read_json

VERSION = "5.5.0"
"""What is written can be read by this version of labelme and later ones."""


def find(source: Source) -> list[Path]:
    """The JSON files of this form."""
    return source.documents_like(
        lambda content: (
            isinstance(content, dict) and isinstance(content.get("shapes"), list) and "imagePath" in content
        )
    )


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """The drawing of one photograph: the file that is named, or else the copy inside the JSON file.

    labelme fills polygons with Pillow, by even-odd.
    """
    content = source.documents[path]
    name = PureWindowsPath(content["imagePath"]).name
    regions, notes = gathered(_regions, content["shapes"])
    size = content.get("imageWidth"), content.get("imageHeight")
    beside = path.parent / name
    yield Drawing(
        name=content["imagePath"],
        told_in=path,
        regions=regions,
        size=(int(size[0]), int(size[1])) if all(size) else None,
        photograph=beside if beside in source.named(name.lower()) else None,
        embedded=partial(_embedded, path) if content.get("imageData") else None,
        notes=notes,
    )


def _embedded(path: Path) -> bytes:
    """The photograph inside a JSON file."""
    try:
        return base64.b64decode(read_json(path)["imageData"], validate=True)
    except (binascii.Error, TypeError) as error:
        raise FormError(f"the photograph inside {path.name} is damaged") from error


def _regions(shape: dict[str, Any]) -> list[Region]:
    return [Region(label=str(shape["label"]), shape=_shape(shape))]


def _shape(shape: dict[str, Any]) -> Outline | Bitmap:
    kind, points = shape.get("shape_type") or "polygon", shape["points"]
    if kind == "mask":
        left, top = (round(value) for value in points[0])
        return Bitmap(load=partial(_decode, shape["mask"]), left=left, top=top)
    if kind == "rectangle" and len(points) == 2:
        (x0, y0), (x1, y1) = points
        ring = box(x0, y0, x1, y1)
    elif kind == "circle":
        (x, y), on_the_edge = points
        radius = float(np.hypot(on_the_edge[0] - x, on_the_edge[1] - y))
        ring = ellipse(x, y, radius, radius)
    elif kind in ("polygon", "rectangle", "oriented_rectangle"):
        ring = corners(points)
    else:
        raise FormError(f"a {kind} is no region")
    return Outline(rings=(ring,), rule="even-odd")


def _decode(text: str) -> Mask:
    try:
        with Image.open(io.BytesIO(base64.b64decode(text)), formats=["PNG"]) as image:
            return np.asarray(image.convert("L")) > 0 if image.mode != "1" else np.asarray(image)
    except UNREADABLE as error:
        raise FormError("a mask that cannot be decoded") from error


def write(items: Iterable[Labelled], folder: Path) -> None:
    """Write a JSON file beside each photograph, with the window as a `mask` shape."""
    for item in items:
        mask = item.mask()
        shapes: list[dict[str, Any]] = []
        if mask is not None and mask.any():
            left, top, part = window_of(mask)
            height, width = part.shape
            stored = io.BytesIO()
            Image.fromarray(part.astype(np.uint8)).save(stored, format="PNG")
            shapes.append(
                {
                    "label": LABEL,
                    "points": [[left, top], [left + width - 1, top + height - 1]],
                    "group_id": None,
                    "description": "",
                    "shape_type": "mask",
                    "flags": {},
                    "mask": base64.b64encode(stored.getvalue()).decode(),
                }
            )
        content: dict[str, Any] = {
            "version": VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": Path(item.file_name).name,
            "imageData": None,
            "imageHeight": item.size[1],
            "imageWidth": item.size[0],
        }
        target = (folder / "images" / item.file_name).with_suffix(".json")
        target.write_text(json.dumps(content, indent=2), encoding="utf-8")
