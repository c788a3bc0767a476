"""`wms pipeline …`: a whole run on this machine, and what the workflow on GitHub calls beside its jobs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from wms.cli import options, output
from wms.cli.common import locked_workspace, workspace
from wms.cli.groups import Group
from wms.core import extras
from wms.core.errors import BadDataError
from wms.core.records.dataset import BranchHead
from wms.core.records.run import RunAsked
from wms.run import workflow
from wms.run.graph import JOBS
from wms.run.runner import run_pipeline
from wms.run.start import branch_heads
from wms.run.summary import outcome_of

pipeline = Group(
    "pipeline", help="Run the whole pipeline on this machine, or a run of GitHub's workflow job by job."
)


@pipeline.command()
@options.incoming
@click.option(
    "--branches",
    multiple=True,
    metavar="BRANCH...",
    help="Data branches on the remote; several are taken together.",
)
@click.argument("more_branches", nargs=-1, metavar="[BRANCH]...")
@options.of_run
@options.wait
@options.dry_run
@options.json
def run(
    incoming: Path | None,
    branches: tuple[str, ...],
    more_branches: tuple[str, ...],
    dry_run: bool,
    **chosen: Any,
) -> None:
    """From data (or none: a retraining) to a merged promotion, or a hold with its reasons.

    A hold is a success (exit 0): the branch stays, and you can run it again together with others.
    After an interruption, repeat the same command to resume the run.

    \b
    Examples:
      wms pipeline run --incoming ~/photos/november
      wms pipeline run --branches data/a-1a2b3c4d data/b-5e6f7a8b
      wms pipeline run --reason "new seed" --seed 7
    """
    names = (*branches, *more_branches)
    if dry_run:
        _say_plan(branch_heads(workspace(), names), incoming)
        return
    extras.require(extras.Extra.TRAIN)
    with locked_workspace() as ctx:
        try:
            run_pipeline(ctx, branches=names, incoming=incoming, options=options.run_options(chosen))
        except BadDataError:
            blocked = outcome_of(ctx)
            output.findings(blocked.findings)
            output.answer(blocked)
            raise
        outcome = outcome_of(ctx)
    output.answer(outcome, *outcome.lines())


@pipeline.command()
@options.json
def graph() -> None:
    """Show the jobs in order: what each needs, when it runs, and its commands.

    \b
    Example:
      wms pipeline graph
    """
    rows = []
    for job in JOBS:
        for number, command in enumerate(job.commands):
            left = ("", "", "") if number else (job.name, ", ".join(job.needs), job.when)
            rows.append((*left, command.name, command.help))
    output.answer(
        [asdict(job) | {"commands": [command.name for command in job.commands]} for job in JOBS],
        *output.table(("job", "needs", "when", "command", "what it does"), rows),
    )


def _say_plan(heads: tuple[BranchHead, ...], incoming: Path | None) -> None:
    taken = [f"{head.name} at {head.sha[:12]}" for head in heads]
    if incoming is not None:
        taken.append(f"{incoming}, first pushed as a data branch")
    output.answer(
        {
            "dry_run": True,
            "branches": heads,
            "incoming": None if incoming is None else str(incoming),
            "jobs": [job.name for job in JOBS],
        },
        f"would take {'; '.join(taken) or 'no new data: a retraining'}",
        *(f"  {job.name} ({job.when}): {'; '.join(each.name for each in job.commands)}" for job in JOBS),
    )


@pipeline.command()
@click.argument("branches", nargs=-1, envvar="WMS_BRANCHES")
@click.option(
    "--workflow-sha", envvar="GITHUB_WORKFLOW_SHA", required=True, help="The commit of the workflow's file."
)
@click.option(
    "--commit",
    envvar="WMS_COMMIT",
    callback=options.commit_sha,
    help="The commit of the push that requests the run; a push that already has a result starts nothing.",
)
@click.option("--dry-run", is_flag=True, envvar="WMS_DRY_RUN", help="Check the data and stop there.")
@options.of_run
def start(
    branches: tuple[str, ...], workflow_sha: str, commit: str | None, dry_run: bool, **chosen: Any
) -> None:
    """Start a run of the workflow; `wms data merge --started` is its first step.

    If an earlier run died after it opened its pull request, that one comes first: it is resumed if main has
    not changed, else closed. If main's workflow changed after the request, the run starts again.
    If a branch is gone because an earlier run took it, there is nothing to do (exit 0). Step output: next
    (data, merge or nothing). Options can come from WMS_ variables too.

    \b
    Examples:
      wms pipeline start data/front-yard-1a2b3c4d
      wms pipeline start held          all branches that were held, together
    """
    if commit is not None and len(branches) != 1:
        raise click.UsageError("--commit needs exactly one branch")
    wanted = options.run_options(chosen, dry_run=dry_run)
    asked = RunAsked(branches=tuple(sorted(branches)), options=wanted, commit=commit)
    with locked_workspace() as ctx:
        started = workflow.start(ctx, asked, workflow_sha=workflow_sha)
    output.step_output("next", started.next)
    output.notice(started.said)


@pipeline.command()
@click.argument("artifacts", type=click.Path(path_type=Path, file_okay=False))
def take(artifacts: Path) -> None:
    """Put the artifacts of earlier jobs of the workflow together in run/.

    \b
    Example:
      wms pipeline take artifacts
    """
    with locked_workspace() as ctx:
        output.say(f"run {workflow.take(ctx, artifacts).run_id}")


@pipeline.command()
def follow_up() -> None:
    """Start the runs that waited for this one, and this one again if main changed during it.

    \b
    Example:
      wms pipeline follow-up
    """
    with locked_workspace() as ctx:
        done = workflow.follow_up(ctx)
    for asked in done.started:
        output.notice(f"started again: {', '.join(asked.branches) or 'a retraining'}")
    for asked in done.waiting:
        what = ", ".join(asked.branches) or "a retraining"
        output.notice(
            f"not started: {what} waits for the open pull request; press Run workflow after its merge"
        )
