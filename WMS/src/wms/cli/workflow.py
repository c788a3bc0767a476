"""What the workflow on GitHub calls beside the jobs' own commands: a run's start, its way, what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wms.cli import output
from wms.cli.common import commit_sha, locked_workspace, run_options
from wms.cli.pipeline import options_of


@click.command()
@click.argument("branches", nargs=-1, envvar="WMS_BRANCHES")
@click.option(
    "--workflow-sha", envvar="GITHUB_WORKFLOW_SHA", required=True, help="The commit of the workflow's file."
)
@click.option(
    "--commit",
    envvar="WMS_COMMIT",
    callback=commit_sha,
    help="The commit of the push that asked for the run; a push that was judged already starts nothing.",
)
@click.option("--dry-run", is_flag=True, envvar="WMS_DRY_RUN", help="Check the data and end there.")
@run_options
def start(
    branches: tuple[str, ...], workflow_sha: str, commit: str | None, dry_run: bool, **chosen: Any
) -> None:
    """Begin a run of the workflow; `wms data merge --started` is its first step.

    If an earlier run died after its pull request, that is taken up first where main is still its base, or
    closed. If main's workflow changed since the run was asked for, the run is started anew. A branch that is
    gone was taken by an earlier run: then there is nothing to do (exit 0). Step output: next (data, merge or
    nothing). Options come from WMS_ variables too.

    \b
    Examples:
      wms pipeline start data/front-yard-1a2b3c4d
      wms pipeline start held          all branches that were held, together
    """
    from wms.core.records.run import RunAsked
    from wms.run.workflow import start as begin

    options = options_of(chosen).model_copy(update={"dry_run": dry_run})
    if commit is not None and len(branches) != 1:
        raise click.UsageError("--commit needs exactly one branch")
    asked = RunAsked(branches=tuple(sorted(branches)), options=options, commit=commit)
    with locked_workspace(0.0) as ctx:
        started = begin(ctx, asked, workflow_sha=workflow_sha)
    output.step_output("next", started.next)
    output.notice(started.said)


@click.command()
@click.argument("artifacts", type=click.Path(path_type=Path, file_okay=False))
def take(artifacts: Path) -> None:
    """Put together in run/ what earlier jobs of the workflow uploaded.

    \b
    Example:
      wms pipeline take artifacts
    """
    from wms.run.workflow import take as take_run

    with locked_workspace(0.0) as ctx:
        output.say(f"run {take_run(ctx, artifacts).run_id}")


@click.command()
def follow_up() -> None:
    """Start what had to wait for this run, and the run again if main moved under it.

    \b
    Example:
      wms pipeline follow-up
    """
    from wms.run.workflow import follow_up as follow

    with locked_workspace(0.0) as ctx:
        done = follow(ctx)
    for asked in done.started:
        output.notice(f"started anew: {', '.join(asked.branches) or 'a retraining'}")
    for asked in done.waiting:
        what = ", ".join(asked.branches) or "a retraining"
        output.notice(
            f"not started: {what} waits for the open pull request; press Run workflow after its merge"
        )
