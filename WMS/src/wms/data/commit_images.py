"""Which files of local commits are images, and where they belong among incoming pairs. Nothing is read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from wms.core.errors import Code, InputError
from wms.core.names import IMAGE_SUFFIXES, printable
from wms.core.records.commits import LocalCommits
from wms.core.words import counted
from wms.data.incoming import INCOMING_PATH, KEEPERS, PARTS

PHOTO_SUFFIXES = IMAGE_SUFFIXES | {".bmp", ".gif", ".heic", ".heif", ".tif", ".tiff", ".webp"}
"""A file with one of these counts as a photograph, even if validation refuses its type."""

OF_THE_PROJECT = (".github", "WMS/src", "benchmarks", "devops", "docs", "tests")
"""Images below these belong to the project, such as screenshots: they are not data."""

_LISTED = 10
"""How many files an error names."""


@dataclass(frozen=True, kw_only=True)
class CommittedImages:
    """The images of local commits, even if a later commit removed them.

    `carriers` are the commits that wrote images; `others` tells whether anything else was changed.
    """

    paths: tuple[str, ...]
    carriers: tuple[str, ...]
    others: bool


def is_image(path: str) -> bool:
    """Whether a file is data: any file in the incoming folder, any photograph but the project's own."""
    place = PurePosixPath(path)
    if place.is_relative_to(INCOMING_PATH):
        return place.name not in KEEPERS
    return place.suffix.lower() in PHOTO_SUFFIXES and not any(map(place.is_relative_to, OF_THE_PROJECT))


def images_of(commits: LocalCommits) -> CommittedImages:
    """Find the images of every commit: one that a later commit removed is still in the history."""
    found: dict[str, None] = {}
    carriers = []
    others = False
    for commit in commits.commits:
        images = [path for path in commit.written if is_image(path)]
        found.update(dict.fromkeys(images))
        others |= len(images) < len(commit.written) or not all(map(is_image, commit.removed))
        if images:
            carriers.append(commit.sha)
    return CommittedImages(paths=tuple(sorted(found)), carriers=tuple(carriers), others=others)


def places_of(paths: Iterable[str]) -> dict[str, str]:
    """Where each image belongs below the incoming folder; the name of its folder decides.

    Raises:
        InputError: an image is neither in `images` nor in `masks`, or two belong in one place.
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
        lines = [f"cannot tell the place of {counted(len(misplaced), 'image')}; nothing was pushed:"]
        lines += [f"  {printable(path)}" for path in misplaced[:_LISTED]]
        if len(misplaced) > _LISTED:
            lines.append(f"  and {len(misplaced) - _LISTED} more")
        raise InputError("\n".join(lines), Code.MISPLACED_IMAGES)
    return places


def commands_to_separate(commits: LocalCommits, images: CommittedImages, *, remote: str) -> tuple[str, ...]:
    """The commands by which a person removes the images from the local branch; the files stay on disk."""
    if commits.base is None:
        return ()
    commands = []
    if commits.branch is not None and not commits.checked_out:
        commands.append(shlex.join(["git", "switch", commits.branch]))
    commands.append(f"git reset --soft {commits.base[:12]}")
    commands.append(shlex.join(["git", "restore", "--staged", "--", *_patterns(images.paths)]))
    if images.others:
        commands += [
            "git commit -m 'what the change is for'",
            shlex.join(["git", "push", remote, f"{commits.branch or 'HEAD'}:main"]),
        ]
    return tuple(commands)


def branch_name_of(commits: LocalCommits, content_id: str) -> str:
    """A name made from the newest commit's time and the images' content: the same commits, the same name."""
    return f"data/{commits.at:%Y%m%d-%H%M%S}-{content_id}"


def _place(path: PurePosixPath) -> str | None:
    if path.is_relative_to(INCOMING_PATH):
        inside = path.relative_to(INCOMING_PATH)
        return str(inside) if inside.parts[0] in PARTS else None
    if path.parent.name in PARTS and path.suffix.lower() in IMAGE_SUFFIXES:
        return f"{path.parent.name}/{path.name}"
    return None


def _patterns(paths: Iterable[str]) -> list[str]:
    """Few pathspecs for many images: the incoming folder; elsewhere, each folder with a suffix."""
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
    """Text for a pathspec, without special characters."""
    return re.sub(r"([*?\[\\])", r"\\\1", text)
