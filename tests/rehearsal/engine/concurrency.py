"""Concurrency groups: which runs wait, and which are cancelled for a newer one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.engine.results import Conclusion, Run

QUEUE_LIMIT = 100
"""How many runs wait in a group with `queue: max`; a newer one is cancelled."""


def group_of(setting: Mapping[str, Any] | None) -> str | None:
    """The group that an evaluated `concurrency:` names."""
    return str(setting["group"]).lower() if setting else None


def make_room(new: Run, setting: Mapping[str, Any], runs: Sequence[Run]) -> None:
    """Apply a group's rules as a run comes into it.

    The first unfinished run of a group counts as in progress: GitHub would have started it at once. With the
    default queue one run waits behind it, and a newer one takes its place.

    Args:
        new: the run that comes; not among `runs` yet.
        setting: the workflow's `concurrency:`, evaluated.
        runs: all runs in the order in which they came.
    """
    group = [run for run in runs if run.group == new.group and run.conclusion is None]
    if setting.get("cancel-in-progress"):
        for run in group:
            _cancel(run)
    elif setting.get("queue") == "max":
        if len(group) > QUEUE_LIMIT:
            _cancel(new)
    else:
        for run in group[1:]:
            _cancel(run)


def _cancel(run: Run) -> None:
    run.cancel_requested = True
    if run.status == "queued":
        run.status, run.conclusion = "completed", Conclusion.CANCELLED
