"""Files that are written completely or not at all, and records that are read with clear errors."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from wms.core.errors import Code, RecordError, StorageError
from wms.core.records.base import Record

R = TypeVar("R", bound=Record)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a new file beside `path`; the file replaces it only if the block succeeds.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the old file is unchanged.
    """
    with _scratch_beside(path) as scratch:
        fresh = scratch / path.name
        yield fresh
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        fresh.chmod(0o644)
        fresh.replace(path)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` that replaces it only if the block succeeds.

    Raises:
        StorageError: the disk is full or the folder cannot be written; the old folder is unchanged.
    """
    with _scratch_beside(path) as scratch:
        fresh, old = scratch / "fresh", scratch / "old"
        fresh.mkdir()
        yield fresh
        with contextlib.suppress(FileNotFoundError):
            path.rename(old)
        try:
            fresh.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise


@contextlib.contextmanager
def _scratch_beside(path: Path) -> Iterator[Path]:
    """A hidden folder beside `path`, removed at the end; an `OSError` inside becomes a `StorageError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{path.name}.", dir=path.parent, ignore_cleanup_errors=True
        ) as scratch:
            yield Path(scratch)
    except OSError as error:
        raise StorageError(f"{path} could not be written: {error.strerror or error}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically.

    Raises:
        StorageError: it could not be written; the old file is unchanged.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_record(path: Path, record: Record) -> None:
    """Write a record's canonical JSON atomically."""
    write_bytes(path, record.to_json())


def read_record(path: Path, kind: type[R]) -> R:
    """Read a record of one kind.

    Raises:
        RecordError: the file is missing or is not such a record.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise RecordError(f"{path} is not there: the step that writes it has not run") from error
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    return kind.from_json(data, source=str(path))


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_sha256(path: Path, expected: str) -> None:
    """Check a file against a digest.

    Raises:
        RecordError: the file is missing or has other bytes.
    """
    if not path.is_file():
        raise RecordError(
            f"{path} is missing; it should have the SHA-256 {expected[:12]}…", Code.DIGEST_MISMATCH
        )
    actual = sha256_file(path)
    if actual != expected:
        raise RecordError(
            f"{path} has the SHA-256 {actual[:12]}…, not {expected[:12]}… as recorded", Code.DIGEST_MISMATCH
        )


def link_or_copy(source: Path, target: Path) -> None:
    """Hard-link `source` to `target`, or copy it to another file system.

    Raises:
        StorageError: neither worked.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
    except OSError as error:
        raise StorageError(f"{target} could not be written: {error.strerror or error}") from error
