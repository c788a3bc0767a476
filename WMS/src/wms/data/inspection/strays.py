"""The rules that look at files which form no pair. Pure on names and kinds of files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from wms.core.names import PICTURE_SUFFIXES, name_problem, printable, stem_key, stem_of
from wms.core.records.dataset import Finding
from wms.data.rules import finding

Kind = Literal["file", "folder", "symlink", "other", "absent"]

_PARTNER_PLACE = {"images": "masks", "masks": "images"}
_OTHER_PICTURES = frozenset(
    {".webp", ".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".jp2", ".jfif", ".svg", ".dng"}
)
_DROPPINGS = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})


@dataclass(frozen=True, kw_only=True)
class Stray:
    """A path below the incoming folder that forms no pair, and what is there (links not followed)."""

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
        """The folder that it lies in: `images`, `masks` or another."""
        return PurePosixPath(self.path).parent.name

    @property
    def is_candidate(self) -> bool:
        """Whether only its partner is amiss: a well-named picture file in its right place."""
        return (
            self.kind == "file"
            and self.place in _PARTNER_PLACE
            and PurePosixPath(self.name).suffix.lower() in PICTURE_SUFFIXES
            and name_problem(self.name) is None
        )


def stray_findings(strays: Iterable[Stray]) -> list[Finding]:
    """One finding for every stray."""
    found: list[Finding] = []
    families: dict[tuple[PurePosixPath, str], list[Stray]] = defaultdict(list)
    for stray in strays:
        if stray.is_candidate:
            families[PurePosixPath(stray.path).parents[1], stem_key(stem_of(stray.name))].append(stray)
        else:
            found.append(_judge_alone(stray))
    for family in families.values():
        found.extend(_judge_in_family(stray, family) for stray in family)
    return found


def _judge_alone(stray: Stray) -> Finding:
    suffix = PurePosixPath(stray.name).suffix.lower()
    if stray.kind == "symlink":
        return finding("symlink", stray.shown, "it is a symbolic link; links are not followed")
    if stray.kind == "absent":
        return finding("bad-name", stray.shown, "its name is not UTF-8")
    if stray.kind == "other":
        return finding("not-a-file", stray.shown, "it is a device, socket or pipe")
    if stray.kind == "folder":
        return finding(
            "wrong-place", stray.shown, "it is a folder; files are taken from images/ and masks/ only"
        )
    if stray.name.casefold() in _DROPPINGS or stray.name.startswith("._"):
        return finding("ignored-file", stray.shown, "an operating system left it behind")
    problem = name_problem(stray.name)
    if problem is not None:
        return finding("bad-name", stray.shown, f"its name {problem}")
    if stray.place not in _PARTNER_PLACE:
        if suffix in PICTURE_SUFFIXES | _OTHER_PICTURES:
            return finding("wrong-place", stray.shown, "it lies neither in images/ nor in masks/")
        return finding("ignored-file", stray.shown, "it lies outside images/ and masks/")
    if suffix in _OTHER_PICTURES:
        return finding("wrong-type", stray.shown, f"{suffix} pictures are not read, only JPEG and PNG")
    return finding("not-an-image", stray.shown, f"{suffix or 'a file without a suffix'} is no picture")


def _judge_in_family(stray: Stray, family: list[Stray]) -> Finding:
    """What parts a candidate from its partner, given all candidates of its name in both places."""
    beside = [other for other in family if other.place == stray.place and other is not stray]
    across = [other for other in family if other.place != stray.place]
    twins = [other for other in beside if stem_of(other.name) != stem_of(stray.name)]
    twins += [
        other for other in beside if stem_key(other.name) == stem_key(stray.name) and other not in twins
    ]
    if twins:
        message = f"it has the same name as {_listed(twins)}, but for upper and lower case or Unicode form"
        return finding("case-clash", stray.shown, message)
    if beside and stray.place == "images":
        return finding("two-images", stray.shown, f"{_listed(beside)} has the same name")
    if beside:
        return finding("two-masks", stray.shown, f"{_listed(beside)} has the same name")
    if not across:
        missing, place = (
            ("missing-mask", "masks/") if stray.place == "images" else ("missing-image", "images/")
        )
        return finding(missing, stray.shown, f"nothing in {place} is called {stem_of(stray.name)}")
    if len(across) > 1:
        rule = "two-masks" if stray.place == "images" else "two-images"
        return finding(rule, stray.shown, f"it has {len(across)} partners: {_listed(across)}")
    if stem_of(across[0].name) != stem_of(stray.name):
        message = f"its partner is called {across[0].name}, which differs in upper and lower case"
        return finding("case-clash", stray.shown, message)
    return finding("unreadable", stray.shown, "it or its partner cannot be read")


def _listed(strays: list[Stray]) -> str:
    return " and ".join(f"{stray.place}/{stray.name}" for stray in strays)
