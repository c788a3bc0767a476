"""`wms pipeline run|graph`: everything, on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from wms.cli import output
from wms.cli.common import (
    dry_run_option,
    json_option,
    locked_workspace,
    options_of,
    require_training_packages,
    run_options,
    wait_option,
    workspace,
)
from wms.core.errors import BadDataError
from wms.core.records.dataset import BranchHead
from wms.run.graph import JOBS
from wms.run.runner import run_pipeline
from wms.run.start import branch_heads
from wms.run.summary import outcome_of


@click.command()
@click.option(
    "--incoming",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with images/ and masks/; it is first pushed as a data branch.",
)
@click.option(
    "--branches",
    multiple=True,
    metavar="BRANCH...",
    help="Data branches on the remote; several are taken together.",
)
@click.argument("more_branches", nargs=-1, metavar="[BRANCH]...")
@run_options
@wait_option
@dry_run_option
@json_option
def run(
    incoming: Path | None,
    branches: tuple[str, ...],
    more_branches: tuple[str, ...],
    wait: float,
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
    require_training_packages()
    with locked_workspace(wait) as ctx:
        try:
            run_pipeline(ctx, branches=names, incoming=incoming, options=options_of(chosen))
        except BadDataError:
            blocked = outcome_of(ctx)
            output.findings(blocked.findings)
            output.answer(blocked)
            raise
        outcome = outcome_of(ctx)
    output.answer(outcome, *outcome.lines())


@click.command()
@json_option
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
            "branches": [head.model_dump(mode="json") for head in heads],
            "incoming": None if incoming is None else str(incoming),
            "jobs": [job.name for job in JOBS],
        },
        f"would take {'; '.join(taken) or 'no new data: a retraining'}",
        *(f"  {job.name} ({job.when}): {'; '.join(each.name for each in job.commands)}" for job in JOBS),
    )
