"""The job graph, once. The local runner walks it, command by command; the workflow's YAML is to follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

When = Literal["success", "promoted", "always"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job: what it waits for, when it runs, and the commands that it is made of.

    `when` is `success` (all that it needs ended well), `promoted` (that, and the gate said
    promote) or `always` (also after a failure and on cancel). A `transient` job changes the
    instance, not the run: it is done again when a run is taken up again. `forge_only` jobs run on
    the forge alone; on a laptop they are left out and nothing claims that they ran.
    """

    name: str
    commands: tuple[str, ...]
    needs: tuple[str, ...] = ()
    when: When = "success"
    transient: bool = False
    forge_only: bool = False


JOBS: tuple[Job, ...] = (
    Job(name="data", commands=("wms data merge", "wms data validate", "wms data split")),
    Job(
        name="infra-up",
        commands=("wms infra preflight", "wms infra up --run", "wms model reconcile"),
        needs=("data",),
        transient=True,
    ),
    Job(name="train", commands=("wms train",), needs=("infra-up",)),
    Job(name="gate", commands=("wms evaluate", "wms gate"), needs=("train",)),
    Job(
        name="infra-down",
        commands=("wms infra down --run",),
        needs=("infra-up", "train", "gate"),
        when="always",
        transient=True,
    ),
    Job(name="publish", commands=("wms publish",), needs=("gate",), when="promoted"),
    Job(name="ci", commands=("make check test",), needs=("publish",), when="promoted", forge_only=True),
    Job(name="merge", commands=("wms merge",), needs=("publish", "ci"), when="promoted"),
    Job(name="report", commands=("wms report",), needs=("merge",), when="always", transient=True),
)
"""In an order in which every job comes after those that it needs."""


def job_of(command: str) -> Job:
    """The job that a command belongs to."""
    return next(job for job in JOBS if command in job.commands)
