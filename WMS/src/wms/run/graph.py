"""The job graph, once: the jobs of a run and their commands, each with its function and its help.

The local runner calls the functions, the command line shows the help, and tests hold the workflow's YAML and
`dvc.yaml` to the jobs.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wms.core.context import Context

When = Literal["success", "promoted", "always"]


@dataclass(frozen=True)
class Command:
    """One command of a job.

    Args:
        name: as a person types it.
        function: `module:function`; it takes the workspace. It is imported when it is called, because only
            some of the commands need PyTorch.
        help: what it does, in one line.
    """

    name: str
    function: str
    help: str

    def run(self, ctx: Context) -> None:
        """Do what the command does, in this process."""
        module, _, name = self.function.partition(":")
        getattr(importlib.import_module(module), name)(ctx)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job: what it waits for, when it runs, and its commands in order.

    `when` is `success` (all jobs that it needs succeeded), `promoted` (the same, and the gate said promote)
    or `always` (also after a failure or a cancellation). A `transient` job changes the instance or the
    releases and not the run, so a resumed run does it again. `workflow_job` is the job of the workflow that
    runs it: the workflow has fewer jobs, because each one sets up a machine.
    """

    name: str
    commands: tuple[Command, ...]
    needs: tuple[str, ...] = ()
    when: When = "success"
    transient: bool = False
    workflow_job: str


JOBS: tuple[Job, ...] = (
    Job(
        name="data",
        commands=(
            Command(
                "wms data merge",
                "wms.data.merge:merge_branches",
                "Start a run: plan the merge of data branches into main's dataset.",
            ),
            Command(
                "wms data validate",
                "wms.data.validate:require_valid_incoming",
                "Check the run's incoming pairs, or any folder of pairs.",
            ),
            Command(
                "wms data split",
                "wms.data.split:split_samples",
                "Assign new samples to splits and lay out the run's dataset.",
            ),
        ),
        workflow_job="data",
    ),
    Job(
        name="infra-up",
        commands=(
            Command(
                "wms infra preflight",
                "wms.run.preflight:require_preflight",
                "Check everything that a run needs, before it costs money.",
            ),
            Command(
                "wms infra up --run",
                "wms.cloud.run_lease:take_run_lease",
                "Take a lease and start the instance.",
            ),
            Command(
                "wms model reconcile",
                "wms.promotion.reconcile:reconcile_registry",
                "Make the registry agree with model-metadata.json.",
            ),
        ),
        needs=("data",),
        transient=True,
        workflow_job="train",
    ),
    Job(
        name="train",
        commands=(
            Command(
                "wms train",
                "wms.training.candidate:train_or_resume",
                "Train a candidate on the run's dataset.",
            ),
        ),
        needs=("infra-up",),
        workflow_job="train",
    ),
    Job(
        name="gate",
        commands=(
            Command(
                "wms evaluate",
                "wms.gate.evaluate:evaluate_candidate",
                "Score the candidate and the champion on the test split.",
            ),
            Command(
                "wms gate",
                "wms.gate.verdict:decide_and_say",
                "Decide: promote or hold; or replay a recorded decision.",
            ),
        ),
        needs=("train",),
        workflow_job="train",
    ),
    Job(
        name="infra-down",
        commands=(
            Command(
                "wms infra down --run",
                "wms.cloud.run_lease:release_run_lease",
                "Release a lease; the instance stops with the last one.",
            ),
        ),
        needs=("infra-up", "train", "gate"),
        when="always",
        transient=True,
        workflow_job="train",
    ),
    Job(
        name="publish",
        commands=(
            Command(
                "wms publish",
                "wms.promotion.publish:publish_promotion",
                "Store the promotion and open its pull request.",
            ),
        ),
        needs=("gate",),
        when="promoted",
        workflow_job="publish",
    ),
    Job(
        name="merge",
        commands=(
            Command(
                "wms merge",
                "wms.promotion.merge:merge_promotion",
                "Replay the decision on the pull request and merge it.",
            ),
        ),
        needs=("publish",),
        when="promoted",
        workflow_job="publish",
    ),
    Job(
        name="release",
        commands=(
            Command(
                "wms model release",
                "wms.promotion.release:release_production",
                "Publish the model in production as a release.",
            ),
        ),
        needs=("merge",),
        when="promoted",
        transient=True,
        workflow_job="publish",
    ),
    Job(
        name="report",
        commands=(
            Command(
                "wms report",
                "wms.gate.reports:write_reports",
                "Write the run's report as a page and a summary.",
            ),
        ),
        needs=("release",),
        when="always",
        transient=True,
        workflow_job="report",
    ),
)
"""In an order in which every job comes after those that it needs."""

COMMANDS: dict[str, Command] = {command.name: command for job in JOBS for command in job.commands}


def job_of(command: str) -> Job:
    """The job that a command belongs to."""
    return next(job for job in JOBS if COMMANDS[command] in job.commands)
