"""Concurrency groups: which runs wait, and which are cancelled for a newer one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.engine.results import Conclusion, Run

QUEUE_LIMIT = 100
"""How many runs wait in a group with `queue: max`; a newer one is cancelled."""


@dataclass(frozen=True, kw_only=True)
class Concurrency:
    """A `concurrency:` setting, evaluated."""

    group: str
    cancel_in_progress: bool = False
    queue: str = "single"

    @classmethod
    def of(cls, setting: Any) -> Concurrency | None:
        """From what a workflow says; `None` if it says nothing or an empty group."""
        if not setting:
            return None
        if isinstance(setting, str):
            return cls(group=setting.lower())
        if not setting["group"]:
            return None
        return cls(
            group=str(setting["group"]).lower(),
            cancel_in_progress=bool(setting.get("cancel-in-progress", False)),
            queue=setting.get("queue", "single"),
        )


def make_room(new: Run, concurrency: Concurrency, runs: Sequence[Run]) -> None:
    """Apply a group's rules as a run comes into it.

    The first unfinished run of a group counts as in progress: GitHub would have started it at once. With the
    default queue one run waits behind it, and a newer one takes its place.

    Args:
        new: the run that comes; not among `runs` yet.
        concurrency: its group.
        runs: all runs in the order in which they came.
    """
    group = [run for run in runs if run.group == concurrency.group and run.conclusion is None]
    if concurrency.cancel_in_progress:
        for run in group:
            _cancel(run)
    elif concurrency.queue == "max":
        if len(group) > QUEUE_LIMIT:
            _cancel(new)
    else:
        for run in group[1:]:
            _cancel(run)


def _cancel(run: Run) -> None:
    run.cancel_requested = True
    if run.status == "queued":
        run.status, run.conclusion = "completed", Conclusion.CANCELLED
