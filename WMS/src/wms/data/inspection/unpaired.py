"""The rules for files that form no pair. They use only names and kinds of files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from wms.core.names import (
    IMAGE_SUFFIXES,
    is_conflict_copy,
    is_leftover,
    name_problem,
    printable,
    stem_key,
    stem_of,
)
from wms.core.records.dataset import Finding
from wms.data.incoming import can_pair
from wms.data.rules import Told, finding

Kind = Literal["file", "folder", "symlink", "other", "absent"]

_PARTNER_PLACE = {"images": "masks", "masks": "images"}
_OTHER_IMAGES = frozenset(
    {".webp", ".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".jp2", ".jfif", ".svg", ".dng"}
)


@dataclass(frozen=True, kw_only=True)
class UnpairedFile:
    """A path below the incoming folder that forms no pair, and what is there; links are not followed."""

    path: str
    kind: Kind

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def shown(self) -> str:
        """The path as findings show it."""
        return printable(self.path)

    @property
    def place(self) -> str:
        """The folder that holds it: `images`, `masks` or another."""
        return PurePosixPath(self.path).parent.name

    @property
    def is_candidate(self) -> bool:
        """Whether it could be one half of a pair: an image file with a good name in images/ or masks/."""
        return self.kind == "file" and self.place in _PARTNER_PLACE and can_pair(self.name)


def unpaired_findings(files: Iterable[UnpairedFile]) -> list[Finding]:
    """One finding for each file."""
    told: list[tuple[UnpairedFile, Told]] = []
    families: dict[tuple[PurePosixPath, str], list[UnpairedFile]] = defaultdict(list)
    for file in files:
        if file.is_candidate:
            families[PurePosixPath(file.path).parents[1], stem_key(stem_of(file.name))].append(file)
        else:
            told.append((file, _alone(file)))
    for family in families.values():
        told.extend((file, _in_family(file, family)) for file in family)
    return [finding(rule, file.shown, message) for file, (rule, message) in told]


_BY_KIND: dict[Kind, Told] = {
    "symlink": ("symlink", "it is a symbolic link; links are not followed"),
    "absent": ("bad-name", "its name is not UTF-8"),
    "other": ("not-a-file", "it is a device, socket or pipe"),
    "folder": ("wrong-place", "it is a folder; only files directly in images/ and masks/ are used"),
}


def _alone(file: UnpairedFile) -> Told:
    """What is wrong with a file that cannot be one half of a pair."""
    if file.kind in ("file", "folder") and is_leftover(file.name):
        return "ignored-file", "an operating system or a file manager made it for itself"
    if file.kind == "file" and is_conflict_copy(file.name):
        return "conflict-copy", "Syncthing or Dropbox made it, because two machines changed one file"
    if file.kind in _BY_KIND:
        return _BY_KIND[file.kind]
    suffix = PurePosixPath(file.name).suffix.lower()
    problem = name_problem(file.name)
    if problem is not None:
        return "bad-name", f"its name {problem}"
    if file.place not in _PARTNER_PLACE:
        if suffix in IMAGE_SUFFIXES | _OTHER_IMAGES:
            return "wrong-place", "it is neither in images/ nor in masks/"
        return "ignored-file", "it is outside images/ and masks/"
    if suffix in _OTHER_IMAGES:
        return "wrong-type", f"it is a {suffix} file; only JPEG and PNG are read"
    what = f"a {suffix} file" if suffix else "a file without a suffix"
    return "not-an-image", f"it is {what}, not an image"


def _in_family(file: UnpairedFile, family: list[UnpairedFile]) -> Told:
    """Why a candidate has no partner, given all candidates of its name in both places."""
    beside = [other for other in family if other.place == file.place and other is not file]
    across = [other for other in family if other.place != file.place]
    twins = [other for other in beside if stem_of(other.name) != stem_of(file.name)]
    twins += [other for other in beside if stem_key(other.name) == stem_key(file.name) and other not in twins]
    if twins:
        return "case-clash", (
            f"its name differs from {_listed(twins)} only in upper and lower case or Unicode form"
        )
    if beside:
        return f"two-{file.place}", f"{_listed(beside)} has the same name"
    partner = _PARTNER_PLACE[file.place]
    if not across:
        missing = f"missing-{partner.removesuffix('s')}"
        return missing, f"no file in {partner}/ is named {stem_of(file.name)}"
    if len(across) > 1:
        return f"two-{partner}", f"it has {len(across)} partners: {_listed(across)}"
    if stem_of(across[0].name) != stem_of(file.name):
        return "case-clash", f"its partner is named {across[0].name}; upper and lower case differ"
    return "unreadable", "it or its partner cannot be read"


def _listed(files: list[UnpairedFile]) -> str:
    return " and ".join(f"{file.place}/{file.name}" for file in files)
