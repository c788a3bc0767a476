"""Watching a run and meddling with it: moments, and what a watcher may do about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from rehearsal.engine.results import Run


class Phase(Enum):
    """Which moment of a run it is."""

    JOB_START = auto()
    STEP_START = auto()
    STEP_RUNS = auto()
    """With each line that a `run:` step prints, and ten times a second with none."""
    STEP_END = auto()
    JOB_END = auto()


class Act(Enum):
    """What a watcher makes of a moment."""

    CANCEL = auto()
    """Somebody cancels the run on its page."""
    DIE = auto()
    """The runner vanishes: everything is killed, and nothing of this run happens any more."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """Where a run is."""

    run: Run
    phase: Phase
    job: str
    step: str | None = None
    line: str | None = None


Watcher = Callable[[Moment], Act | None]


class RunnerDied(Exception):  # noqa: N818 - an end, not an error
    """A watcher let the runner vanish."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Shows the moments of one run to every watcher."""

    run: Run
    watchers: list[Watcher]

    def see(self, moment: Moment) -> None:
        """Ask the watchers.

        Raises:
            RunnerDied: one of them let the runner die.
        """
        for watcher in list(self.watchers):
            act = watcher(moment)
            if act is Act.CANCEL:
                self.run.cancel_requested = True
            if act is Act.DIE:
                raise RunnerDied


def before_job(job: str, do: Callable[[], object]) -> Watcher:
    """Do something as a job starts, once."""
    return _once(lambda moment: (moment.job, moment.phase) == (job, Phase.JOB_START), do)


def after_job(job: str, do: Callable[[], object]) -> Watcher:
    """Do something as a job ends, once: move `main`, close a pull request, stop a server."""
    return _once(lambda moment: (moment.job, moment.phase) == (job, Phase.JOB_END), do)


def cancel_during(job: str, *, line: str = "") -> Watcher:
    """Cancel as `during` says."""
    return during(job, lambda: Act.CANCEL, line=line)


def die_during(job: str, *, line: str = "") -> Watcher:
    """Let the runner vanish as `during` says: no later job of that run starts, `always()` or not."""
    return during(job, lambda: Act.DIE, line=line)


def during(job: str, do: Callable[[], object], *, line: str = "") -> Watcher:
    """Do something while a step of a job runs, once: at its first line, or at one that holds some words."""
    return _once(lambda moment: moment.job == job and moment.line is not None and line in moment.line, do)


def _once(here: Callable[[Moment], bool], do: Callable[[], object]) -> Watcher:
    used: list[bool] = []

    def watcher(moment: Moment) -> Act | None:
        if used or not here(moment):
            return None
        used.append(True)
        act = do()
        return act if isinstance(act, Act) else None

    return watcher
