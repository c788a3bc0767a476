"""What local commits change, as a push would send them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class LocalCommit:
    """One local commit: the paths that it wrote, and those that it took away."""

    sha: str
    written: tuple[str, ...]
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LocalCommits:
    """What a push would send, newest commit first.

    `base` is the commit that both sides share, `None` where there is none; `branch` the local branch
    that `tip` was named by, with `checked_out` if it is the current one; `at` the tip's time.
    """

    base: str | None
    tip: str
    at: datetime
    branch: str | None
    checked_out: bool
    commits: tuple[LocalCommit, ...]
