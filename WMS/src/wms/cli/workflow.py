"""`wms pipeline start|take|follow-up`: what the workflow on GitHub calls beside the jobs' own commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wms.cli import output
from wms.cli.common import commit_sha, locked_workspace, options_of, run_options
from wms.core.records.run import RunAsked
from wms.run import workflow


@click.command()
@click.argument("branches", nargs=-1, envvar="WMS_BRANCHES")
@click.option(
    "--workflow-sha", envvar="GITHUB_WORKFLOW_SHA", required=True, help="The commit of the workflow's file."
)
@click.option(
    "--commit",
    envvar="WMS_COMMIT",
    callback=commit_sha,
    help="The commit of the push that requests the run; a push that already has a result starts nothing.",
)
@click.option("--dry-run", is_flag=True, envvar="WMS_DRY_RUN", help="Check the data and stop there.")
@run_options
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
    options = options_of(chosen, dry_run=dry_run)
    asked = RunAsked(branches=tuple(sorted(branches)), options=options, commit=commit)
    with locked_workspace(0.0) as ctx:
        started = workflow.start(ctx, asked, workflow_sha=workflow_sha)
    output.step_output("next", started.next)
    output.notice(started.said)


@click.command()
@click.argument("artifacts", type=click.Path(path_type=Path, file_okay=False))
def take(artifacts: Path) -> None:
    """Put the artifacts of earlier jobs of the workflow together in run/.

    \b
    Example:
      wms pipeline take artifacts
    """
    with locked_workspace(0.0) as ctx:
        output.say(f"run {workflow.take(ctx, artifacts).run_id}")


@click.command()
def follow_up() -> None:
    """Start the runs that waited for this one, and this one again if main changed during it.

    \b
    Example:
      wms pipeline follow-up
    """
    with locked_workspace(0.0) as ctx:
        done = workflow.follow_up(ctx)
    for asked in done.started:
        output.notice(f"started again: {', '.join(asked.branches) or 'a retraining'}")
    for asked in done.waiting:
        what = ", ".join(asked.branches) or "a retraining"
        output.notice(
            f"not started: {what} waits for the open pull request; press Run workflow after its merge"
        )
