"""One run of the pipeline: its request and its state."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field, NonNegativeFloat

from wms.core.records.base import Frozen, GitSha, Record, Sha256, canonical_json, sha256_hex
from wms.core.records.dataset import BranchHead

OnConflict = Literal["refuse", "replace", "rename"]
JobState = Literal["done", "failed"]
Outcome = Literal["promoted", "held", "candidate", "void"]
"""How a run ended. `candidate`: the gate said promote, but the registry could not take the model. `void`: its
pull request can never be merged, for example because main changed."""


class RunOptions(Frozen):
    """The options of a run.

    `train_overrides` replaces top-level values of `WMS/configs/train.yaml` for this run only; they are part
    of the provenance, and `dvc.lock` shows them. A `dry_run` only checks the data: it announces, starts and
    changes nothing.
    """

    on_conflict: OnConflict = "refuse"
    quarantine: bool = False
    train_overrides: dict[str, int | float | str] = Field(default_factory=dict)
    reason: str = ""
    dry_run: bool = False


class RunAsked(Frozen):
    """A request: data branches by name (none for a retraining), and the options.

    `commit` is that of the push that asked; `None` if a person did. A push is judged once; a person may ask
    again.
    """

    branches: tuple[str, ...]
    options: RunOptions
    commit: GitSha | None = None


class FollowUp(Record):
    """Runs to start after this one, because it had to come first."""

    asked: tuple[RunAsked, ...]


class RunRequest(Record):
    """A run's request; `run_id` is set once, so that a repeated start is the same run.

    `checked_out` is true for a run of `dvc repro`, which uses the dataset in the working tree.
    """

    run_id: str
    base_sha: GitSha
    branches: tuple[BranchHead, ...]
    options: RunOptions
    actor: str
    started_at: AwareDatetime
    checked_out: bool = False

    @property
    def asked(self) -> RunAsked:
        """The request without the commits of its branches."""
        return RunAsked(branches=tuple(branch.name for branch in self.branches), options=self.options)

    def asks_for(self, names: tuple[str, ...], options: RunOptions) -> bool:
        """Whether a start with these branches and options is this run."""
        return self.asked == RunAsked(branches=names, options=options)

    def command_line(self) -> str:
        """The command that continues this run."""
        words = ["wms", "pipeline", "run", *(branch.name for branch in self.branches)]
        if self.options.on_conflict != "refuse":
            words += ["--on-conflict", self.options.on_conflict]
        if self.options.quarantine:
            words.append("--quarantine")
        for name, value in self.options.train_overrides.items():
            words += ["--set", f"{name}={value}"]
        if self.options.reason:
            words += ["--reason", self.options.reason]
        return shlex.join(words)


class RunState(Record):
    """The state of a run. A job that is `done` is not repeated, although every job may be.

    `seconds` is the wall time of each job's last run. `stale` is true for a void run that only came too late:
    if it is requested again, it starts from the present main.
    """

    run_id: str
    jobs: dict[str, JobState] = Field(default_factory=dict)
    seconds: dict[str, NonNegativeFloat] = Field(default_factory=dict)
    outcome: Outcome | None = None
    stale: bool = False

    def with_job(self, name: str, state: JobState) -> RunState:
        """This state with one job's state set."""
        return self.model_copy(update={"jobs": {**self.jobs, name: state}})

    def with_seconds(self, name: str, seconds: float) -> RunState:
        """This state with one job's wall time set."""
        return self.model_copy(update={"seconds": {**self.seconds, name: round(seconds, 3)}})

    def without_jobs(self, names: Collection[str]) -> RunState:
        """This state without these jobs; the run has not ended then."""
        jobs = {name: state for name, state in self.jobs.items() if name not in names}
        return self.model_copy(update={"jobs": jobs, "outcome": None})

    def done(self, name: str) -> bool:
        """Whether the job has succeeded."""
        return self.jobs.get(name) == "done"


def new_run_id(*, base_sha: str, branches: tuple[BranchHead, ...], now: datetime) -> str:
    """Time (UTC) and content in one name: `20261123-084500-1a2b3c`; sorts by time."""
    content = sha256_hex(canonical_json([base_sha, [[b.name, b.sha] for b in branches]]))
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{content[:6]}"


def started_at(run_id: str) -> datetime:
    """When a run was started, from its name.

    Raises:
        ValueError: `new_run_id` did not make this name.
    """
    return datetime.strptime(run_id[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)


def outdated(run_ids: Collection[str], *, now: datetime, keep: int, days: int) -> tuple[str, ...]:
    """The runs to delete: all but the newest `keep`, and those older than `days`.

    A name that is not a run's is never among them.
    """
    started: dict[str, datetime] = {}
    for run in run_ids:
        with contextlib.suppress(ValueError):
            started[run] = started_at(run)
    limit = now - timedelta(days=days)
    newest = sorted(started, reverse=True)
    return tuple(run for rank, run in enumerate(newest) if rank >= keep or started[run] < limit)


class Reconciliation(Record):
    """The changes that made the registry agree with `model-metadata.json`."""

    version: int | None
    weights_sha256: Sha256 | None
    alias_moved: bool
    registered_again: bool
