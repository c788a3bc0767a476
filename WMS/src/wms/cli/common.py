"""What commands share: opening the workspace, and the run lock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from wms import wiring
from wms.cli import output
from wms.cli.options import WAIT
from wms.core.context import Clone, Context
from wms.core.production import main_head, model_history, require_production, rollback_target
from wms.core.records.promotion import ModelMetadata
from wms.run.journal import noting
from wms.run.lock import only_run


def workspace() -> Context:
    """The workspace of the current folder, wired."""
    return wiring.open_workspace(Path.cwd(), output.ConsoleProgress())


def clone(remote: str = "origin") -> Clone:
    """The clone of the current folder, for what needs Git alone."""
    return wiring.open_clone(Path.cwd(), output.ConsoleProgress(), remote=remote)


def chosen_model(ctx: Context, version: int | None) -> ModelMetadata:
    """The model in production, or the named earlier one, as main's history has it."""
    repository = ctx.ports.repository
    repository.fetch()
    main_sha = main_head(repository)
    if version is None:
        return require_production(repository, main_sha)
    return rollback_target(model_history(repository, main_sha), version)


@contextlib.contextmanager
def locked_workspace(*, lock: bool = True) -> Iterator[Context]:
    """The workspace, for a command that writes `run/` or changes production: one at a time.

    The option `--wait` says how long to wait for another such command.

    Args:
        lock: false where the command only looks, as in a dry run.

    Raises:
        InputError: another such command is running here.
    """
    ctx = workspace()
    wait_seconds = click.get_current_context().meta.get(WAIT, 0.0)
    with only_run(ctx.layout, wait_seconds=wait_seconds) if lock else contextlib.nullcontext():
        yield ctx


@contextlib.contextmanager
def step_of_run(command: str) -> Iterator[Context]:
    """The locked workspace, for a command of the job graph; its end is noted with the run.

    Raises:
        InputError: another command works on the run, or the run is published and the command would change
            its evidence.
        RecordError: no run was started.
    """
    with locked_workspace() as ctx, noting(ctx, command):
        yield ctx
