"""Compute and leases of the embedded default: one readable JSON file each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import AwareDatetime

from wms.core.cloud_ports import Compute, InstanceState, LeaseStore, Switched
from wms.core.errors import ComputeError, LeaseConflictError, LeaseError, RecordError, StorageError
from wms.core.files import read_record, write_bytes, write_record
from wms.core.records.base import Record, sha256_hex
from wms.core.records.lease_book import LeaseBook

LOCK_SECONDS = 30.0
"""How long to wait for another process; a lock is held for milliseconds."""


class InstanceRecord(Record):
    """The state of the simulated instance, and since when."""

    state: Literal["running", "stopped"]
    since: AwareDatetime


class LocalCompute(Compute):
    """`Compute` where nothing needs an instance: it only remembers the last request.

    Args:
        state: the folder that holds `instance.json`.
    """

    def __init__(self, state: Path) -> None:
        self._path = state / "instance.json"

    def up(self) -> Switched:
        self._become("running")
        return Switched()

    def down(self) -> Switched:
        self._become("stopped")
        return Switched()

    def state(self) -> InstanceState:
        if not self._path.exists():
            return "absent"
        try:
            return read_record(self._path, InstanceRecord).state
        except RecordError as error:
            raise ComputeError(f"the local instance's state cannot be read: {error}") from error

    def _become(self, state: Literal["running", "stopped"]) -> None:
        if self.state() == state:
            return
        try:
            write_record(self._path, InstanceRecord(state=state, since=datetime.now(UTC)))
        except StorageError as error:
            raise ComputeError(str(error), remedy=error.remedy) from error


class LocalLeaseStore(LeaseStore):
    """`LeaseStore` in one file; the entity tag is the SHA-256 of its bytes.

    Args:
        path: the lease book's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> tuple[LeaseBook, str | None]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return LeaseBook(), None
        except OSError as error:
            raise LeaseError(f"{self._path} cannot be read: {error.strerror}") from error
        try:
            return LeaseBook.from_json(data, source=str(self._path)), sha256_hex(data)
        except RecordError as error:
            raise LeaseError(str(error), remedy=f"Remove {self._path} if nothing runs.") from error

    def swap(self, book: LeaseBook, *, expect: str | None) -> str:
        data = book.to_json()
        try:
            with locked(self._path):
                if self.load()[1] != expect:
                    raise LeaseConflictError(f"the lease book {self._path} was changed by somebody else")
                write_bytes(self._path, data)
        except StorageError as error:
            raise LeaseError(f"the lease book could not be written: {error}") from error
        return sha256_hex(data)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file beside `path`, against other processes and threads.

    Raises:
        StorageError: the lock file cannot be created, or another process did not release it in time.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock, timeout=LOCK_SECONDS).acquire()
    except OSError as error:  # filelock's Timeout is one
        raise StorageError(f"{lock} could not be locked: {error}") from error
    with held:
        yield
