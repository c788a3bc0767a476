"""Git's trees: list them, write them to a folder, and build new ones in a separate index."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from wms.adapters.git.cli import Git, identity
from wms.core.errors import RepositoryError
from wms.core.files import replacing_folder
from wms.core.progress import Progress

REGULAR = ("100644", "100755")
LINK = "120000"
NOWHERE = f"{os.devnull}/link-in-git"
"""The target of exported links: below something that is no folder, so never a file."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One path of a tree and its object; mode `0` removes the path."""

    path: bytes
    mode: str = "0"
    name: str = ""


def list_tree(git: Git, *arguments: str) -> list[Entry]:
    """The entries of `git ls-tree`, with paths from the top of the tree."""
    entries = []
    for line in git.run("ls-tree", "-z", "--full-tree", *arguments).out.split(b"\0")[:-1]:
        fields, path = line.split(b"\t", 1)
        mode, _, name = fields.decode().split()
        entries.append(Entry(path=path, mode=mode, name=name))
    return entries


def export_tree(git: Git, commit: str, path: str, to: Path) -> int:
    """Write every file below `path` in a commit into `to` (replaced if there); return how many.

    Raises:
        RepositoryError: a submodule, a name that leads out of `to`, or an object that is missing.
        StorageError: the files could not be written; what was at `to` is complete.
    """
    prefix = f"{path}/" if path else ""
    entries = list_tree(git, "-r", commit, *(["--", prefix] if path else []))
    with replacing_folder(to) as target, tempfile.TemporaryFile() as names:
        places = []
        for entry in entries:
            place = target / _safe(entry.path.removeprefix(os.fsencode(prefix)))
            place.parent.mkdir(parents=True, exist_ok=True)
            if entry.mode == LINK:
                place.symlink_to(NOWHERE)
            elif entry.mode in REGULAR:
                names.write(entry.name.encode() + b"\n")
                places.append(place)
            else:
                raise RepositoryError(f"{os.fsdecode(entry.path)} is a submodule, not a file")
        names.seek(0)
        with git.reading("cat-file", "--batch", "--buffer", stdin=names) as blobs:
            for place in places:
                _write_blob(blobs, place)
    return len(entries)


def hash_bytes(git: Git, data: bytes, path: str, mode: str = REGULAR[0]) -> Entry:
    """Store bytes as an object for `path`."""
    name = git.run("hash-object", "-w", "--stdin", stdin=data).line
    return Entry(path=os.fsencode(path), mode=mode, name=name)


def hash_folder(git: Git, folder: Path, *, under: str, progress: Progress) -> list[Entry]:
    """Store every file below `folder` as an object for a path below `under`.

    Git reads the files itself, so their size does not matter. Links stay links.

    Raises:
        RepositoryError: something below `folder` is neither a file nor a link, or cannot be read.
    """
    links: list[Path] = []
    files: list[Path] = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            links.append(path)
        elif path.is_file():
            files.append(path)
        elif not path.is_dir():
            raise RepositoryError(f"{path} is neither a file nor a folder and cannot be committed")
    places = {path: (PurePosixPath(under) / path.relative_to(folder)).as_posix() for path in (*files, *links)}
    with tempfile.TemporaryFile() as listing:
        listing.writelines(_quoted(path.absolute()) + b"\n" for path in files)
        listing.seek(0)
        with git.reading("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listing) as names:
            tracked = progress.track(names, label="Storing files", total=len(files))
            hashed = [name.decode().strip() for name in tracked]
    return [
        *(
            Entry(path=os.fsencode(places[path]), mode=REGULAR[0], name=name)
            for path, name in zip(files, hashed, strict=True)
        ),
        *(hash_bytes(git, os.fsencode(path.readlink()), places[path], LINK) for path in links),
    ]


def make_commit(git: Git, entries: Sequence[Entry], *, parent: str | None, message: str) -> str:
    """Make a commit with `entries` in the tree of `parent` (a first commit where `None`).

    Raises:
        RepositoryError: a path that Git does not allow.
    """
    width = len(parent) if parent else 40
    lines = b"".join(
        f"{entry.mode} {entry.name or '0' * width}\t".encode() + entry.path + b"\0" for entry in entries
    )
    with tempfile.TemporaryDirectory(prefix="wms-index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        if parent:
            git.run("read-tree", parent, env=index)
        updated = git.run("update-index", "-z", "--index-info", stdin=lines, env=index)
        if b"Ignoring path" in updated.err:  # Git skips `.git/x` and `../x` with exit code 0.
            raise RepositoryError(f"git update-index: {updated.complaint}")
        tree = git.run("write-tree", env=index).line
    parents = ("-p", parent) if parent else ()
    text = (message.rstrip("\n") + "\n").encode()
    return git.run("commit-tree", tree, *parents, stdin=text, env=identity(git)).line


def _safe(path: bytes) -> str:
    """A path of a tree if it stays inside the folder; anybody can have made the tree."""
    text = os.fsdecode(path)
    if any(part in ("", ".", "..") for part in text.split("/")):
        raise RepositoryError(f"the tree has the path {text!r}, which no file can have")
    return text


def _write_blob(blobs: IO[bytes], place: Path) -> None:
    """Write the next object of a `git cat-file --batch` stream."""
    header = blobs.readline().split()
    if len(header) != 3:
        raise RepositoryError(f"this clone lacks the content of {place.name}")
    data = blobs.read(int(header[2]))
    if blobs.read(1) != b"\n":
        raise RepositoryError(f"git cat-file ended in the middle of {place.name}")
    place.write_bytes(data)


def _quoted(path: Path) -> bytes:
    """A path as Git reads it from a list: every unusual byte, also a line break, as an octal escape."""
    escaped = re.sub(rb"[^A-Za-z0-9/_.+-]", lambda found: b"\\%03o" % found[0][0], os.fsencode(path))
    return b'"' + escaped + b'"'
