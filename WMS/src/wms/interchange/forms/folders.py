"""Plain folders: masks beside photographs, told apart by folder or by name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from wms.core.names import stem_key, stem_of
from wms.interchange.pixels import classes_of
from wms.interchange.regions import Bitmap, Drawing, FormError, Mask, Region
from wms.interchange.source import PHOTO_SUFFIXES, Source

_MASK_FOLDERS = frozenset(
    {"masks", "mask", "labels", "label", "annotations", "annotation", "segmentation", "segmentations"}
    | {"gt", "groundtruth", "ground_truth"}
)
_BEFORE = re.compile(r"^(mask|label|seg)[_\- .]+", re.IGNORECASE)
_AFTER = re.compile(r"[_\- .]+(mask|label|labels|seg|segmentation|gt|matte)$", re.IGNORECASE)

INVERTED_BORDER = 0.9
"""If this share of the border is window, black and white seem swapped: `inverted_border_share` of data.yaml,
which is not at hand outside of a workspace."""


def find(source: Source) -> list[Path]:
    """The masks that have a photograph."""
    return [mask for mask, photographs in _partners(source).items() if photographs]


def read(source: Source, path: Path, *, inverted: bool = False) -> Iterator[Drawing]:
    """The drawing of one mask. With `inverted`, what is black is the window."""
    photographs = _partners(source)[path]
    if len(photographs) > 1:
        listed = " and ".join(source.shown(photograph) for photograph in photographs)
        raise FormError(f"it is not clear to which photograph {source.shown(path)} belongs: {listed}")
    classes, size, turn = classes_of(path, inverted=inverted)
    if any(_border_share(mask) > INVERTED_BORDER for mask in classes.values()):
        yield Drawing(
            name=photographs[0].name,
            told_in=path,
            photograph=photographs[0],
            problem="its mask seems to be drawn inverted; if black is the window, use --inverted",
        )
        return
    yield Drawing(
        name=photographs[0].name,
        told_in=path,
        photograph=photographs[0],
        regions=tuple(
            Region(label=label, shape=Bitmap(load=partial(_class, path, label, inverted)))
            for label in classes
        ),
        size=size,
        turn=turn,
    )


@lru_cache(maxsize=1)
def _partners(source: Source) -> dict[Path, list[Path]]:
    """For each mask, the photographs of its name; of several, those whose folder it shares most of."""
    masks = [path for path in source.images if _is_mask(path, source)]
    photographs: dict[str, list[Path]] = defaultdict(list)
    for path in source.images:
        if not _is_mask(path, source):
            photographs[stem_key(stem_of(path.name))].append(path)
            photographs[stem_key(path.name)].append(path)
    found = {}
    for mask in masks:
        stem = stem_of(mask.name)
        keys = (stem, _AFTER.sub("", _BEFORE.sub("", stem)))
        partners = next((photographs[key] for key in map(stem_key, keys) if key in photographs), [])
        nearest = max((_common(mask, path) for path in partners), default=0)
        found[mask] = [path for path in partners if _common(mask, path) == nearest]
    return found


def _is_mask(path: Path, source: Source) -> bool:
    root = next(root for root in source.roots if path.is_relative_to(root))
    folders = [part.lower() for part in path.relative_to(root).parts[:-1]]
    stem = stem_of(path.name)
    named = _BEFORE.search(stem) or _AFTER.search(stem) or Path(stem).suffix.lower() in PHOTO_SUFFIXES
    return bool(_MASK_FOLDERS.intersection(folders) or named)


def _common(mask: Path, photograph: Path) -> int:
    """How many parts of the folders are equal, apart from those that say what is inside."""
    other = set(photograph.parts[:-1])
    return sum(part in other for part in mask.parts[:-1])


def _border_share(mask: Mask) -> float:
    return float(np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean())


def _class(path: Path, label: str, inverted: bool) -> Mask:
    return classes_of(path, inverted=inverted)[0][label]
