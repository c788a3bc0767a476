"""What is in an incoming folder: pairs by name, and unpaired files.

Only names count: no file is opened and no symbolic link is followed.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wms.core.errors import StorageError
from wms.core.names import (
    IMAGE_SUFFIXES,
    is_conflict_copy,
    is_leftover,
    name_problem,
    stem_key,
    stem_of,
    utf8,
)

INCOMING_PATH = "WMS/data/incoming"
"""Where a data branch has its pairs."""

PARTS = ("images", "masks")
FILL_FOLDER = "Put photographs into images/ and masks of the same name into masks/."
"""The remedy for a folder without pairs."""

KEEPERS = frozenset({".gitkeep", ".gitignore"})
"""Files that only make Git keep a folder; they are ignored."""


@dataclass(frozen=True, kw_only=True)
class FoundPair:
    """One image and one mask of the same stem (NFC); paths are below the incoming folder."""

    stem: str
    image_source: str
    mask_source: str


@dataclass(frozen=True, kw_only=True)
class Found:
    """Pairs by stem, and all paths that form none (unknown folders are named, not entered)."""

    pairs: tuple[FoundPair, ...]
    unpaired: tuple[str, ...]


def scan(incoming: Path, folder: str) -> Found:
    """Look through `incoming/folder`, which should hold `images/` and `masks/`.

    A stem makes a pair if exactly one image and one mask have it, with the same spelling. A folder that
    does not exist holds nothing.

    Raises:
        StorageError: a folder cannot be listed.
    """
    candidates: dict[str, dict[str, list[str]]] = defaultdict(lambda: {part: [] for part in PARTS})
    unpaired: list[str] = []
    for path, part in _entries(incoming, PurePosixPath(folder)):
        name = path.name
        if part and can_pair(name):
            candidates[stem_key(stem_of(name))][part].append(str(path))
        else:
            unpaired.append(utf8(str(path)))

    pairs: list[FoundPair] = []
    for parts in candidates.values():
        images, masks = parts["images"], parts["masks"]
        stems = {stem_of(PurePosixPath(path).name) for path in (*images, *masks)}
        if len(images) == len(masks) == len(stems) == 1:
            pairs.append(FoundPair(stem=stems.pop(), image_source=images[0], mask_source=masks[0]))
        else:
            unpaired.extend((*images, *masks))
    return Found(pairs=tuple(sorted(pairs, key=lambda pair: pair.stem)), unpaired=tuple(sorted(unpaired)))


def can_pair(name: str) -> bool:
    """Whether a file of this name, in images/ or masks/, can be one half of a pair."""
    return (
        PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES
        and name_problem(name) is None
        and not is_leftover(name)
        and not is_conflict_copy(name)
    )


def _entries(incoming: Path, folder: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    """Every path to account for, with `images` or `masks` if it is a regular file in that part."""
    for entry in _listed(incoming / folder):
        part = entry.name if entry.name in PARTS and entry.is_dir(follow_symlinks=False) else ""
        for inner in _listed(Path(entry.path)) if part else [entry]:
            if inner.name not in KEEPERS and not _is_empty_folder(inner):
                path = folder / part / inner.name
                yield path, part if inner.is_file(follow_symlinks=False) else ""


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"{folder} cannot be listed: {error.strerror or error}") from error


def _is_empty_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and not any(files for _, _, files in os.walk(entry.path))
