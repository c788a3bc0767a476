"""The local forge's files: one for each pull request, and one for each commit with statuses or comments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, Field, PositiveInt, StringConstraints

from wms.core.files import read_record, write_record
from wms.core.ports import CheckState
from wms.core.records.base import Frozen, GitSha, Record

DESCRIPTION_MAX = 140
"""Characters of a status's description; GitHub's own limit."""

R = TypeVar("R", bound=Record)


class PullRecord(Record):
    """A pull request's file; `head_sha` is where the head was when the file was last written."""

    number: PositiveInt
    head: str
    head_sha: GitSha
    base: str
    title: str
    body: str
    state: Literal["open", "closed", "merged"]
    opened_at: AwareDatetime
    merge_commit: GitSha | None = None
    comments: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class StatusEntry(Frozen):
    """One context's latest status."""

    state: CheckState
    description: Annotated[str, StringConstraints(max_length=DESCRIPTION_MAX)]
    at: AwareDatetime


class CommitRecord(Record):
    """Statuses and comments of one commit."""

    statuses: dict[str, StatusEntry] = Field(default_factory=dict)
    comments: tuple[str, ...] = ()


class Dispatch(Frozen):
    """One dispatched workflow; nothing here runs it."""

    workflow: str
    inputs: dict[str, str]
    at: AwareDatetime


class DispatchRecord(Record):
    """Every dispatch so far, oldest first."""

    dispatches: tuple[Dispatch, ...] = ()


class ForgeFiles:
    """The folder of the files: `pulls/`, `commits/` and `dispatches.json`.

    Methods raise `RecordError` for a damaged file, and `StorageError`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pull_path(self, number: int) -> Path:
        """The file of a pull request."""
        return self._folder / "pulls" / f"{number}.json"

    def numbers(self) -> list[int]:
        """The numbers of all pull requests, ascending."""
        return sorted(int(path.stem) for path in (self._folder / "pulls").glob("[0-9]*.json"))

    def read_pull(self, number: int) -> PullRecord:
        """A pull request as last written."""
        return read_record(self.pull_path(number), PullRecord)

    def write_pull(self, pull: PullRecord) -> PullRecord:
        """Write a pull request, and return it."""
        write_record(self.pull_path(pull.number), pull)
        return pull

    def read_commit(self, sha: str) -> CommitRecord:
        """A commit's record; an empty one if there is none."""
        return _read_or(self._commit_path(sha), CommitRecord())

    def write_commit(self, sha: str, said: CommitRecord) -> None:
        """Write a commit's record."""
        write_record(self._commit_path(sha), said)

    def read_dispatches(self) -> DispatchRecord:
        """All dispatches."""
        return _read_or(self._dispatch_path, DispatchRecord())

    def write_dispatches(self, record: DispatchRecord) -> None:
        """Write all dispatches."""
        write_record(self._dispatch_path, record)

    def _commit_path(self, sha: str) -> Path:
        return self._folder / "commits" / f"{sha}.json"

    @property
    def _dispatch_path(self) -> Path:
        return self._folder / "dispatches.json"


def _read_or(path: Path, empty: R) -> R:
    return read_record(path, type(empty)) if path.exists() else empty
