"""`wms pipeline …`: everything, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from wms.cli import output
from wms.cli.common import (
    dry_run_option,
    json_option,
    locked_workspace,
    require_training_packages,
    run_options,
    wait_option,
    workspace,
)
from wms.core.records.dataset import BranchHead
from wms.core.records.run import RunOptions


def options_of(chosen: dict[str, Any]) -> RunOptions:
    """The run's options from the command line."""
    overrides = dict(chosen["overrides"])
    for name in ("seed", "max_minutes"):
        if chosen[name] is not None:
            overrides[name] = chosen[name]
    return RunOptions(
        on_conflict=chosen["on_conflict"],
        quarantine=chosen["quarantine"],
        train_overrides=overrides,
        reason=chosen["reason"],
    )


@click.command()
@click.option(
    "--incoming",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with images/ and masks/; it is pushed as a data branch first.",
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
    as_json: bool,
    **chosen: Any,
) -> None:
    """From data (or none: a retraining) to a merged promotion, or a hold with its reasons.

    A hold is a good end (exit 0): the branch stays and can be taken again together with others.
    Killed anywhere, the same command takes the run up where it ended.

    \b
    Examples:
      wms pipeline run --incoming ~/photos/november
      wms pipeline run --branches data/a-1a2b3c4d data/b-5e6f7a8b
      wms pipeline run --reason "new seed" --seed 7
    """
    from wms.core.errors import BadDataError
    from wms.run.start import branch_heads
    from wms.run.summary import outcome_of

    names = (*branches, *more_branches)
    if dry_run:
        _say_plan(branch_heads(workspace(), names), incoming, as_json=as_json)
        return
    require_training_packages()
    from wms.run.runner import run_pipeline

    with locked_workspace(wait) as ctx:
        try:
            run_pipeline(ctx, branches=names, incoming=incoming, options=options_of(chosen))
        except BadDataError:
            blocked = outcome_of(ctx)
            output.findings(blocked.findings)
            output.say_json(blocked.model_dump(mode="json"))
            raise
        outcome = outcome_of(ctx)
    if as_json:
        output.say_json(outcome.model_dump(mode="json"))
        return
    for line in outcome.lines():
        output.say(line)


@click.command()
@json_option
def graph(as_json: bool) -> None:
    """Show the jobs in order: what each needs, when it runs, and its commands.

    \b
    Example:
      wms pipeline graph
    """
    from dataclasses import asdict

    from wms.run.graph import JOBS

    if as_json:
        output.say_json([asdict(job) | {"commands": [each.name for each in job.commands]} for job in JOBS])
        return
    rows = []
    for job in JOBS:
        for number, command in enumerate(job.commands):
            left = ("", "", "") if number else (job.name, ", ".join(job.needs), job.when)
            rows.append((*left, command.name, command.help))
    output.table(("job", "needs", "when", "command", "what it does"), rows)


def _say_plan(heads: tuple[BranchHead, ...], incoming: Path | None, *, as_json: bool) -> None:
    from wms.run.graph import JOBS

    if as_json:
        output.say_json(
            {
                "dry_run": True,
                "branches": [head.model_dump(mode="json") for head in heads],
                "incoming": None if incoming is None else str(incoming),
                "jobs": [job.name for job in JOBS],
            }
        )
        return

    taken = [f"{head.name} at {head.sha[:12]}" for head in heads]
    if incoming is not None:
        taken.append(f"{incoming}, pushed as a data branch first")
    output.say(f"would take {'; '.join(taken) or 'no new data: a retraining'}")
    for job in JOBS:
        output.say(f"  {job.name} ({job.when}): {'; '.join(command.name for command in job.commands)}")
