"""The job graph, once. The local runner walks it, command by command; the workflow's YAML is held to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

When = Literal["success", "promoted", "always"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job: what it waits for, when it runs, and the commands that it is made of.

    `when` is `success` (all that it needs ended well), `promoted` (that, and the gate said
    promote) or `always` (also after a failure and on cancel). A `transient` job changes the
    instance or the releases, not the run: it is done again when a run is taken up again. `workflow_job` is
    the job of the workflow that runs it: fewer machines are set up there than there are jobs here.
    """

    name: str
    commands: tuple[str, ...]
    needs: tuple[str, ...] = ()
    when: When = "success"
    transient: bool = False
    workflow_job: str


JOBS: tuple[Job, ...] = (
    Job(
        name="data",
        commands=("wms data merge", "wms data validate", "wms data split"),
        workflow_job="data",
    ),
    Job(
        name="infra-up",
        commands=("wms infra preflight", "wms infra up --run", "wms model reconcile"),
        needs=("data",),
        transient=True,
        workflow_job="train",
    ),
    Job(name="train", commands=("wms train",), needs=("infra-up",), workflow_job="train"),
    Job(name="gate", commands=("wms evaluate", "wms gate"), needs=("train",), workflow_job="train"),
    Job(
        name="infra-down",
        commands=("wms infra down --run",),
        needs=("infra-up", "train", "gate"),
        when="always",
        transient=True,
        workflow_job="train",
    ),
    Job(name="publish", commands=("wms publish",), needs=("gate",), when="promoted", workflow_job="publish"),
    Job(name="merge", commands=("wms merge",), needs=("publish",), when="promoted", workflow_job="publish"),
    Job(
        name="release",
        commands=("wms model release",),
        needs=("merge",),
        when="promoted",
        transient=True,
        workflow_job="publish",
    ),
    Job(
        name="report",
        commands=("wms report",),
        needs=("release",),
        when="always",
        transient=True,
        workflow_job="report",
    ),
)
"""In an order in which every job comes after those that it needs."""


def job_of(command: str) -> Job:
    """The job that a command belongs to."""
    return next(job for job in JOBS if command in job.commands)
