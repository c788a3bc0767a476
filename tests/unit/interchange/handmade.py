"""Exports made by hand, as documentation lays them out, of a photograph with one rectangular window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pairs import picture, save
from wms.core.progress import Silent
from wms.interchange.intake import import_pairs
from wms.interchange.pair import Choices
from wms.interchange.result import Imported

WIDTH, HEIGHT = 160, 120
BOX = (40, 30, 120, 70)
"""Left, top, right, bottom of the window in pixels; right and bottom are outside."""
CORNERS = [[40, 30], [120, 30], [120, 70], [40, 70]]


def window(*, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """The mask that every export tells, bool, HxW."""
    mask = np.zeros((height, width), dtype=bool)
    mask[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    return mask


def photo(folder: Path, name: str = "m1.jpg", *, seed: int = 1, orientation: int | None = None) -> Path:
    return save(picture(seed), folder / name, orientation=orientation)


def mask_file(path: Path, mask: np.ndarray | None = None, *, inside: int = 255, outside: int = 0) -> Path:
    """A grey PNG or JPEG."""
    levels = np.where(window() if mask is None else mask, inside, outside).astype(np.uint8)
    return save(Image.fromarray(levels), path)


def write_json(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def coco(file_name: str = "m1.jpg", *, segmentation: Any = None, **image: int) -> dict[str, Any]:
    told = [[value for corner in CORNERS for value in corner]] if segmentation is None else segmentation
    return {
        "images": [{"id": 7, "file_name": file_name, "width": WIDTH, "height": HEIGHT, **image}],
        "categories": [{"id": 3, "name": "window"}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "segmentation": told, "iscrowd": 0}],
    }


def bring(out: Path, *sources: Path, **choices: Any) -> Imported:
    return import_pairs(sources, out, choices=Choices(**choices), progress=Silent())


def mask_of(out: Path, stem: str = "m1") -> np.ndarray:
    """A mask that was written, bool, HxW."""
    with Image.open(out / "masks" / f"{stem}.png") as image:
        assert image.mode == "L"
        levels = np.asarray(image)
    assert set(np.unique(levels)) <= {0, 255}
    return levels > 0
