"""What the forge's workflow calls beside the jobs' own commands: a run's start, its way, what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wms.cli import output
from wms.cli.common import locked_workspace, run_options
from wms.cli.pipeline import options_of


@click.command()
@click.argument("branches", nargs=-1, envvar="WMS_BRANCHES")
@click.option(
    "--workflow-sha", envvar="GITHUB_WORKFLOW_SHA", required=True, help="The commit of the workflow's file."
)
@click.option("--dry-run", is_flag=True, envvar="WMS_DRY_RUN", help="Check the data and end there.")
@run_options
def start(branches: tuple[str, ...], workflow_sha: str, dry_run: bool, **chosen: Any) -> None:
    """Begin a run of the workflow; `wms data merge --started` is its first step.

    If an earlier run died after its pull request, that is taken up first where main is still its base, or
    closed. A branch that is gone was taken by an earlier run: then there is nothing to do (exit 0). Step
    outputs: next (data, merge or nothing), commit. Options come from WMS_ variables too.

    \b
    Examples:
      wms pipeline start data/front-yard-1a2b3c4d
      wms pipeline start held          all branches that were held, together
    """
    from wms.domain.run import RunAsked
    from wms.pipeline.workflow import start as begin

    options = options_of(chosen).model_copy(update={"dry_run": dry_run})
    with locked_workspace(0.0) as ctx:
        started = begin(
            ctx, RunAsked(branches=tuple(sorted(branches)), options=options), workflow_sha=workflow_sha
        )
    output.step_output("next", started.next)
    output.step_output("commit", started.commit)
    output.notice(started.said)


@click.command()
@click.argument("parcels", type=click.Path(path_type=Path, file_okay=False))
def take(parcels: Path) -> None:
    """Put the run that earlier jobs of the workflow left into run/: the copy that came furthest.

    \b
    Example:
      wms pipeline take parcels
    """
    from wms.pipeline.workflow import take as take_run

    with locked_workspace(0.0) as ctx:
        output.say(f"run {take_run(ctx, parcels).run_id}")


@click.command()
def follow_up() -> None:
    """Start what had to wait for this run, and the run again if main moved under it.

    \b
    Example:
      wms pipeline follow-up
    """
    from wms.pipeline.workflow import follow_up as follow

    with locked_workspace(0.0) as ctx:
        started = follow(ctx)
    for asked in started:
        output.notice(f"started anew: {', '.join(asked.branches) or 'a retraining'}")
