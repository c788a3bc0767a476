"""Which files of local commits are pictures, and where each belongs among incoming pairs. Nothing is read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from wms.core.errors import MisplacedPicturesError
from wms.core.names import PICTURE_SUFFIXES, printable
from wms.core.records.commits import LocalCommits
from wms.data.incoming import KEEPERS, PARTS
from wms.data.push_folder import INCOMING_PATH

PHOTO_SUFFIXES = PICTURE_SUFFIXES | {".bmp", ".gif", ".heic", ".heif", ".tif", ".tiff", ".webp"}
"""By these a file anywhere says that it is a photograph, also of a kind that validation refuses."""

OF_THE_PROJECT = (".github", "WMS/src", "benchmarks", "devops", "docs", "tests")
"""Below these lie the project's own pictures, such as a page's screenshots: they are no data."""

_LISTED = 10
"""How many files an error names."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The pictures of local commits, whether still at the tip or not.

    `carriers` are the commits that wrote some; `others` is whether anything else was changed.
    """

    paths: tuple[str, ...]
    carriers: tuple[str, ...]
    others: bool


def is_picture(path: str) -> bool:
    """Whether a file is data: anything in the incoming folder, a photograph anywhere but in the project."""
    place = PurePosixPath(path)
    if place.is_relative_to(INCOMING_PATH):
        return place.name not in KEEPERS
    return place.suffix.lower() in PHOTO_SUFFIXES and not any(map(place.is_relative_to, OF_THE_PROJECT))


def pictures_of(commits: LocalCommits) -> Pictures:
    """Find them in every commit: a picture that a later commit removed is in the history all the same."""
    found: dict[str, None] = {}
    carriers = []
    others = False
    for commit in commits.commits:
        pictures = [path for path in commit.written if is_picture(path)]
        found.update(dict.fromkeys(pictures))
        others |= len(pictures) < len(commit.written) or not all(map(is_picture, commit.removed))
        if pictures:
            carriers.append(commit.sha)
    return Pictures(paths=tuple(sorted(found)), carriers=tuple(carriers), others=others)


def places_of(paths: Iterable[str]) -> dict[str, str]:
    """Where each picture belongs below the incoming folder; its folder's name says what it is.

    Raises:
        MisplacedPicturesError: a picture is neither in `images` nor in `masks`, or two claim one place.
    """
    places: dict[str, str] = {}
    misplaced = []
    for path in paths:
        place = _place(PurePosixPath(path))
        if place is None or place in places.values():
            misplaced.append(path)
        else:
            places[path] = place
    if misplaced:
        listed = "\n".join(f"  {printable(path)}" for path in misplaced[:_LISTED])
        more = f"\n  and {len(misplaced) - _LISTED} more" if len(misplaced) > _LISTED else ""
        raise MisplacedPicturesError(
            f"where {len(misplaced)} pictures belong cannot be told, nothing was pushed:\n{listed}{more}"
        )
    return places


def commands_to_separate(commits: LocalCommits, pictures: Pictures, *, remote: str) -> tuple[str, ...]:
    """What takes the pictures out of the local branch, for a person to run; every file stays on disk."""
    if commits.base is None:
        return ()
    commands = []
    if commits.branch is not None and not commits.checked_out:
        commands.append(shlex.join(["git", "switch", commits.branch]))
    commands.append(f"git reset --soft {commits.base[:12]}")
    commands.append(shlex.join(["git", "restore", "--staged", "--", *_patterns(pictures.paths)]))
    if pictures.others:
        commands += [
            "git commit -m 'what the change is for'",
            shlex.join(["git", "push", remote, f"{commits.branch or 'HEAD'}:main"]),
        ]
    return tuple(commands)


def branch_name_of(commits: LocalCommits, content_id: str) -> str:
    """Named by the time of the newest commit and the pictures' content: the same commits, the same name."""
    return f"data/{commits.at:%Y%m%d-%H%M%S}-{content_id}"


def _place(path: PurePosixPath) -> str | None:
    if path.is_relative_to(INCOMING_PATH):
        inside = path.relative_to(INCOMING_PATH)
        return str(inside) if inside.parts[0] in PARTS else None
    if path.parent.name in PARTS and path.suffix.lower() in PICTURE_SUFFIXES:
        return f"{path.parent.name}/{path.name}"
    return None


def _patterns(paths: Iterable[str]) -> list[str]:
    """Few pathspecs for many pictures: the incoming folder, and elsewhere a folder with a suffix."""
    patterns: dict[str, None] = {}
    for path in map(PurePosixPath, paths):
        if path.is_relative_to(INCOMING_PATH):
            patterns[INCOMING_PATH] = None
        elif path.parent == PurePosixPath():
            patterns[_literal(path.name)] = None
        else:
            patterns[f"{_literal(str(path.parent))}/*{path.suffix}"] = None
    return list(patterns)


def _literal(text: str) -> str:
    """A part of a pathspec that stands for itself."""
    return re.sub(r"([*?\[\\])", r"\\\1", text)
