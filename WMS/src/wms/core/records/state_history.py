"""The saved states of the embedded default: the names of their refs, and which are deleted."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, NonNegativeInt

from wms.core.records.base import Frozen, GitSha

STATE_REF = "refs/wms/state"
"""The ref of the state in the Git remote."""

MAX_STATE_BYTES = 5 * 2**30
"""Half of what GitHub recommends for a repository on disk (docs.github.com, "Repository limits"): every job
downloads the state, and its history needs space as well."""

MOST_STATES = 20
MOST_AGE = timedelta(days=30)
MOST_BYTES = 8 * 2**30
"""For all kept states together. GitHub recommends at most 10 GB for a repository on disk
(docs.github.com, "Repository limits")."""

LEAST_STATES = 2
"""Always kept, whatever their age or size: the present state and the one before it."""

_NAME = re.compile(r"(?P<at>\d{8}T\d{6}Z)-[0-9a-f]{12}-(?P<size>\d+)k-(?P<added>\d+)k")
_TIME = "%Y%m%dT%H%M%SZ"


class SavedState(Frozen):
    """One saved state: a commit without parents.

    `added_kib` is the size of what the state before did not have. Both sizes are in the name, so that states
    can be listed and pruned without fetching any object.
    """

    saved_at: AwareDatetime
    sha: GitSha
    size_kib: NonNegativeInt
    added_kib: NonNegativeInt

    @property
    def name(self) -> str:
        """Such as `20261130T101500Z-1a2b3c4d5e6f-52480k-1024k`; it sorts by time."""
        at = self.saved_at.astimezone(UTC).strftime(_TIME)
        return f"{at}-{self.sha[:12]}-{self.size_kib}k-{self.added_kib}k"

    @classmethod
    def named(cls, name: str, sha: str) -> SavedState | None:
        """The state of a ref's name and commit; `None` for another kind of name."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        at = datetime.strptime(found["at"], _TIME).replace(tzinfo=UTC)
        return cls(saved_at=at, sha=sha, size_kib=int(found["size"]), added_kib=int(found["added"]))


def newest_first(states: Collection[SavedState]) -> tuple[SavedState, ...]:
    """The states by time, newest first."""
    return tuple(sorted(states, key=lambda state: (state.saved_at, state.name), reverse=True))


def to_prune(states: Sequence[SavedState], *, now: datetime) -> tuple[SavedState, ...]:
    """Which of the states, newest first, are too many, too old, or too large together.

    The size of the kept ones is the whole oldest state and the additions of each later one.
    """
    kept = LEAST_STATES
    added_kib = sum(state.added_kib for state in states[:kept])
    for state in states[LEAST_STATES:MOST_STATES]:
        together_kib = added_kib + state.size_kib
        if now - state.saved_at > MOST_AGE or together_kib * 1024 > MOST_BYTES:
            break
        added_kib += state.added_kib
        kept += 1
    return tuple(states[kept:])
