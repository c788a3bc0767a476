"""The changes of the local commits that a push would send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class LocalCommit:
    """One local commit: the paths that it wrote, and those that it removed."""

    sha: str
    written: tuple[str, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LocalCommits:
    """The commits that a push would send, newest first.

    `base` is the commit that both sides share, if any; `branch` the local branch of `tip`, if it was named by
    one, with `checked_out` if it is the current one; `at` the tip's time.
    """

    base: str | None
    tip: str
    at: datetime
    branch: str | None
    checked_out: bool
    commits: tuple[LocalCommit, ...]
