"""What commands share: opening the workspace, the run lock, and options."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from wms import wiring
from wms.cli import output
from wms.core.context import Clone, Context
from wms.core.errors import TrainingError
from wms.core.production import main_head, model_history, require_production, rollback_target
from wms.core.records.promotion import ModelMetadata
from wms.core.records.run import RunOptions
from wms.run.journal import noting
from wms.run.lock import only_run

F = TypeVar("F", bound=Callable[..., Any])

TRAINING_PACKAGES = ("torch", "torchvision", "onnx", "onnxscript", "safetensors")
"""The extra `train` of pyproject.toml."""


def _ask_for_json(_: click.Context, __: click.Parameter, asked: bool) -> None:
    output.ask_for_json(asked=asked)


json_option = click.option(
    "--json", is_flag=True, expose_value=False, callback=_ask_for_json, help="Print JSON for a script."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Only print what would be done.")
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another command that works on this run.",
)

version_option = click.option(
    "--version",
    type=click.IntRange(min=1),
    metavar="N",
    envvar="WMS_VERSION",
    help="A promoted version; default: production.",
)


def commit_sha(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A full commit SHA; an empty one, as a skipped job gives it, is refused too."""
    if value is not None and not re.fullmatch(r"[0-9a-f]{40}", value):
        raise click.BadParameter(f"{value!r} is not a full commit SHA")
    return value


ci_passed_option = click.option(
    "--ci-passed",
    metavar="SHA",
    envvar="WMS_CI_PASSED",
    callback=commit_sha,
    help="The commit on which ci.yml passed. Needed only where main's own commit did not pass `ci`.",
)
incoming_option = click.option(
    "--incoming",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with images/ and masks/; it is first pushed as a data branch.",
)
abandon_option = click.option(
    "--abandon",
    is_flag=True,
    help="Abandon an unfinished run, unless it is published; its data branches stay.",
)


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


def require_training_packages() -> None:
    """Refuse to start a training where the extra `train` is not installed.

    Raises:
        TrainingError: a package is missing.
    """
    missing = [name for name in TRAINING_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"training needs PyTorch and its exporter; not installed: {', '.join(missing)}",
            remedy="Install them with `pip install '.[train]'` in the clone, or run `make setup`.",
        )


@contextlib.contextmanager
def locked_workspace(wait_seconds: float, *, lock: bool = True) -> Iterator[Context]:
    """The workspace, for a command that writes `run/` or changes production: one at a time.

    Args:
        wait_seconds: how long to wait for another such command.
        lock: false where the command only looks, as in a dry run.

    Raises:
        InputError: another such command is running here.
    """
    ctx = workspace()
    with only_run(ctx.layout, wait_seconds=wait_seconds) if lock else contextlib.nullcontext():
        yield ctx


@contextlib.contextmanager
def step_of_run(command: str, wait_seconds: float) -> Iterator[Context]:
    """The locked workspace, for a command of the job graph; its end is noted with the run.

    Raises:
        InputError: another command works on the run.
        RecordError: no run was started.
        InputError: the run is published, and the command would change its evidence.
    """
    with locked_workspace(wait_seconds) as ctx, noting(ctx, command):
        yield ctx


def duration(value: str) -> timedelta:
    """A time such as `90s`, `30m` or `2h`; anything else is a usage error."""
    match = re.fullmatch(r"(\d+)([smh])", value)
    if match is None or int(match[1]) == 0:
        raise click.BadParameter(f"{value!r} is not a duration; write 90s, 30m or 2h")
    return timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours"}[match[2]]: int(match[1])})


def moment(value: str) -> datetime:
    """A time with its zone, such as `2026-11-23T12:00:00Z`; anything else is a usage error."""
    with contextlib.suppress(ValueError):
        found = datetime.fromisoformat(value)
        if found.tzinfo is not None:
            return found
    raise click.BadParameter(f"{value!r} is not a time with its zone; write 2026-11-23T12:00:00Z")


def setting(value: str) -> tuple[str, int | float]:
    """`KEY=NUMBER`, a top-level value of train.yaml; anything else is a usage error."""
    key, _, number = value.partition("=")
    try:
        return key.strip(), int(number) if re.fullmatch(r"-?\d+", number) else float(number)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not KEY=NUMBER, such as epochs=20") from error


set_option = partial(click.option, "--set", "overrides", type=setting, metavar="KEY=NUMBER", multiple=True)
_RUN_OPTIONS = (
    click.option(
        "--on-conflict",
        type=click.Choice(["refuse", "replace", "rename"]),
        default="refuse",
        show_default=True,
        envvar="WMS_ON_CONFLICT",
        help="What to do with an incoming pair whose name already exists with other bytes.",
    ),
    click.option(
        "--quarantine",
        is_flag=True,
        envvar="WMS_QUARANTINE",
        help="Set pairs with errors aside and continue without them.",
    ),
    click.option("--seed", type=click.IntRange(min=0), envvar="WMS_SEED", help="Seed of this training."),
    click.option("--max-minutes", type=float, envvar="WMS_MAX_MINUTES", help="Time budget of this training."),
    set_option(envvar="WMS_SET", help="Another value of train.yaml for this run only; may be repeated."),
    click.option(
        "--reason", default="", envvar="WMS_REASON", help="Why you start this run; kept with its records."
    ),
)


def run_options(command: F) -> F:
    """The options of a run, for the commands that start one; `options_of` reads them."""
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


def options_of(chosen: dict[str, Any], *, dry_run: bool = False) -> RunOptions:
    """The options of a run from the command line."""
    overrides = dict(chosen["overrides"])
    overrides |= {name: chosen[name] for name in ("seed", "max_minutes") if chosen[name] is not None}
    return RunOptions(
        on_conflict=chosen["on_conflict"],
        quarantine=chosen["quarantine"],
        train_overrides=overrides,
        reason=chosen["reason"],
        dry_run=dry_run,
    )
