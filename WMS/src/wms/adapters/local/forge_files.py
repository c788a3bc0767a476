"""The local forge's files: one for each pull request, and one for each commit with statuses or comments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, Field, PositiveInt, StringConstraints

from wms.core.files import read_record
from wms.core.ports import CheckState, DeploymentState
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


class DeploymentEntry(Frozen):
    """One deployment, and how it is going."""

    environment: str
    sha: GitSha
    description: str
    state: DeploymentState = "queued"


class DeploymentRecord(Record):
    """Every deployment so far, oldest first; its number is its place, from 1."""

    deployments: tuple[DeploymentEntry, ...] = ()


class Issue(Frozen):
    """An open issue."""

    title: str
    body: str


class IssueRecord(Record):
    """The open issue of each label, oldest label first."""

    issues: dict[str, Issue] = Field(default_factory=dict)


def read_or(path: Path, empty: R) -> R:
    """A record, or `empty` where there is no such file."""
    return read_record(path, type(empty)) if path.exists() else empty
