"""The files of a source: folders, ZIP archives and single files, read safely and found by name."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import tempfile
import urllib.parse
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from wms.core.errors import Code, InputError, StorageError
from wms.core.files import sha256_file
from wms.core.names import is_conflict_copy, is_leftover, stem_key, stem_of
from wms.core.words import counted, first_of
from wms.interchange.regions import FormError

PHOTO_SUFFIXES = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".heic", ".heif", ".hif", ".avif", ".webp", ".tif", ".tiff",
        ".bmp", ".mpo",
    }
)  # fmt: skip
MASK_FOLDERS = frozenset(
    {
        "masks", "mask", "labels", "label", "annotations", "annotation", "ann", "gt", "groundtruth",
        "ground_truth", "segmentations", "segmentation", "segmentationclass", "segmentationobject",
        "masks_machine", "masks_human", "collage",
    }
)  # fmt: skip
"""Folders of this name (in lower case) hold masks or drawings, no photographs."""

MAX_FILES = 200_000
MAX_BYTES = 50 * 2**30
MAX_TEXT_BYTES = 1 * 2**30
"""Bounds of an archive's content, and of one JSON, XML or CSV file."""

ARCHIVES = frozenset({".zip", ".rar", ".7z", ".tar", ".gz", ".tgz"})
_LISTED = 5
_UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""


@dataclass(frozen=True, eq=False)
class Source:
    """Every file that a person gave, by its path; links and leftovers of systems are not among them.

    `roots` are the folders that were named, an archive's content or a single file's folder. `ignored` are
    leftovers and conflict copies.
    """

    roots: tuple[Path, ...]
    files: tuple[Path, ...]
    ignored: tuple[Path, ...] = ()

    def shown(self, path: Path) -> str:
        """A path as messages show it: below the folder that was named."""
        root = next((root for root in self.roots if path.is_relative_to(root)), path.parent)
        return path.relative_to(root).as_posix()

    def ending(self, *suffixes: str) -> list[Path]:
        """The files with one of these suffixes, in lower case."""
        return [path for suffix in suffixes for path in self._by_suffix.get(suffix, ())]

    def named(self, *names: str) -> list[Path]:
        """The files with one of these names, in lower case."""
        return [path for name in names for path in self._by_name.get(name, ())]

    @cached_property
    def images(self) -> tuple[Path, ...]:
        """Every image file, photograph or mask."""
        return tuple(sorted(self.ending(*PHOTO_SUFFIXES)))

    @cached_property
    def photographs(self) -> tuple[Path, ...]:
        """The image files that lie in no folder for masks."""
        return tuple(path for path in self.images if not self._among_masks(path))

    @cached_property
    def documents(self) -> dict[Path, Any]:
        """The content of every JSON file, without photographs inside; a file that is no JSON is left out."""
        found = {}
        for path in self.ending(".json"):
            with contextlib.suppress(FormError):
                found[path] = read_json(path, without="imageData")
        return found

    def documents_like(self, matches: Callable[[Any], bool]) -> list[Path]:
        """The JSON files whose content looks like one form."""
        return [path for path, content in self.documents.items() if matches(content)]

    def photograph(self, name: str, *, near: Path) -> Path:
        """The photograph that an export names, by as much of its path as both sides know.

        The suffix may differ: a tool may have been given a JPEG of the HEIC original.

        Raises:
            FormError: there is none, or several that differ.
        """
        parts = tuple(part.casefold() for part in PurePosixPath(plain_name(name)).parts if part != "/")
        if not parts:
            raise FormError("the export names no photograph")
        stem = stem_key(stem_of(parts[-1]))
        keys = dict.fromkeys((stem, _UPLOAD_PREFIX.sub("", stem), stem_key(parts[-1])))
        found = next((self._by_stem[key] for key in keys if key in self._by_stem), [])
        found = [path for path in found if path.name.casefold() == parts[-1]] or found
        # Of several in different folders: the one whose folders the export also names, then the one nearby.
        found = _best(found, lambda path: _common_end(parts[:-1], [*map(str.casefold, path.parts[:-1])]))
        found = _best(found, lambda path: len(os.path.commonpath([path, near])))
        if not found:
            raise FormError(f"the photograph {PurePosixPath(plain_name(name)).name} is not in the source")
        if len(found) > 1 and len({sha256_file(path) for path in found}) > 1:
            listed = first_of([self.shown(path) for path in found], _LISTED)
            raise FormError(f"several photographs have this name: {listed}")
        return found[0]

    @cached_property
    def _by_suffix(self) -> dict[str, list[Path]]:
        return _grouped(self.files, lambda path: path.suffix.lower())

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        return _grouped(self.files, lambda path: path.name.lower())

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        return _grouped(self.photographs, lambda path: stem_key(stem_of(path.name)))

    def _among_masks(self, path: Path) -> bool:
        root = next(root for root in self.roots if path.is_relative_to(root))
        return any(part.lower() in MASK_FOLDERS for part in path.relative_to(root).parts[:-1])


def _grouped(paths: Iterable[Path], key: Callable[[Path], str]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        found[key(path)].append(path)
    return found


def plain_name(name: str) -> str:
    """A path or URL of an export as a path: no drive, no host, no query but Label Studio's `?d=`."""
    if re.match(r"[a-z0-9+.-]{2,}://|/data/", name):
        parsed = urllib.parse.urlsplit(name)
        local = urllib.parse.parse_qs(parsed.query).get("d")
        name = urllib.parse.unquote(local[0] if local else parsed.path)
    return re.sub(r"^[A-Za-z]:", "", name.replace("\\", "/"))


@lru_cache(maxsize=8)  # a table is asked for once for each mask
def read_text(path: Path) -> str:
    """A text file, in UTF-8 with or without byte order mark.

    Raises:
        FormError: it is too large, cannot be read or is not UTF-8.
    """
    try:
        if path.stat().st_size > MAX_TEXT_BYTES:
            raise FormError(f"{path.name} has more than {MAX_TEXT_BYTES // 2**20} MiB")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormError(f"{path.name} cannot be read as text: {error}") from error


def read_json(path: Path, *, without: str | None = None) -> Any:
    """The content of a JSON file; values of the key `without` are only said to be there or not (bool).

    Raises:
        FormError: it is no JSON.
    """

    def hook(content: dict[str, Any]) -> dict[str, Any]:
        if without in content:
            content[without] = bool(content[without])
        return content

    try:
        # Not kept: these files can be large, and are read once.
        return json.loads(read_text.__wrapped__(path), object_hook=hook if without else None)
    except (ValueError, RecursionError) as error:
        raise FormError(f"{path.name} is not JSON: {error}") from error


@contextlib.contextmanager
def open_source(paths: Sequence[Path]) -> Iterator[Source]:
    """The files of folders, ZIP archives and single files; archives are unpacked into a temporary folder.

    Raises:
        InputError: a path does not exist; an archive is damaged, encrypted, too large, or has a path that
            leads out of it.
        StorageError: a folder cannot be listed, or the disk is full.
    """
    with contextlib.ExitStack() as stack:
        roots: list[Path] = []
        files: list[Path] = []
        ignored: list[Path] = []
        for path in paths:
            if path.is_dir():
                root = path.resolve()
                inside = _walk(root, ignored)
            elif zipfile.is_zipfile(path):
                scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="wms-import-"))
                root = Path(scratch).resolve() / path.stem
                _unpack(path, root)
                inside = _walk(root, ignored)
            elif path.is_file() and path.suffix.lower() not in ARCHIVES:
                root, inside = path.resolve().parent, [path.resolve()]
            elif path.is_file():
                raise InputError(
                    f"{path} is no ZIP archive that can be opened", Code.IMPORT, remedy="Unpack it first."
                )
            else:
                raise InputError(f"{path} does not exist", Code.IMPORT, remedy="Check the path.")
            roots.append(root)
            files += inside
        yield Source(tuple(roots), tuple(dict.fromkeys(files)), tuple(ignored))


def _walk(root: Path, ignored: list[Path]) -> list[Path]:
    """Every regular file below a folder, sorted; leftovers and conflict copies go to `ignored`."""

    def refuse(error: OSError) -> None:
        raise StorageError(f"{error.filename} cannot be listed: {error.strerror}") from error

    found = []
    for folder, folders, names in os.walk(root, onerror=refuse):
        ignored += [Path(folder, name) for name in folders if is_leftover(name)]
        folders[:] = sorted(name for name in folders if not is_leftover(name))
        for name in sorted(names):
            path = Path(folder, name)
            if is_leftover(name) or is_conflict_copy(name):
                ignored.append(path)
            elif path.is_file() and not path.is_symlink():
                found.append(path)
    return found


def _unpack(archive: Path, root: Path) -> None:
    """Unpack a ZIP archive; what Python's reader yields of a member never exceeds the size it declares."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _refuse_archive(archive, members)
            for member in members:
                target = root.joinpath(*_parts(member.filename))
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as inner, target.open("wb") as outer:
                    shutil.copyfileobj(inner, outer, 2**20)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise InputError(
            f"{archive} cannot be unpacked: {error}", Code.IMPORT, remedy="Download it again."
        ) from error
    except OSError as error:
        raise StorageError(f"{archive} could not be unpacked: {error.strerror or error}") from error
    root.mkdir(parents=True, exist_ok=True)


def _refuse_archive(archive: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    size = sum(member.file_size for member in members)
    outside = [
        member.filename
        for member in members
        if ".." in _parts(member.filename)
        or member.filename.startswith(("/", "\\"))
        or re.match(r"[A-Za-z]:", member.filename)
        or stat.S_ISLNK(member.external_attr >> 16)
    ]
    fault = (
        f"holds {counted(len(members), 'file')}; at most {MAX_FILES:,} are unpacked"
        if len(members) > MAX_FILES
        else f"would take {size / 2**30:.0f} GiB; at most {MAX_BYTES / 2**30:.0f} are unpacked"
        if size > MAX_BYTES
        else f"has a link or a path that leads out of it: {outside[0]!r}"
        if outside
        else "is encrypted"
        if any(member.flag_bits & 1 for member in members)
        else None
    )
    if fault:
        raise InputError(
            f"{archive} {fault}; nothing was unpacked",
            Code.IMPORT,
            remedy="Unpack it yourself, and name the folder.",
        )


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name.replace("\\", "/")).parts


def _best(paths: list[Path], nearness: Callable[[Path], int]) -> list[Path]:
    most = max(map(nearness, paths), default=0)
    return [path for path in paths if nearness(path) == most]


def _common_end(first: Sequence[str], second: Sequence[str]) -> int:
    """How many last parts two paths share."""
    same = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        same += 1
    return same
