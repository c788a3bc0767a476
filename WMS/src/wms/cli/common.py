"""What commands share: opening the workspace, the run lock, durations, options."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from wms.cli.output import ConsoleProgress
from wms.core.context import Clone, Context
from wms.core.errors import TrainingError

F = TypeVar("F", bound=Callable[..., Any])

TRAINING_PACKAGES = ("torch", "torchvision", "onnx", "onnxscript", "safetensors")
"""The extra `train` of pyproject.toml."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait so long for another command that works on the run here to end.",
)


def commit_sha(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A full commit SHA; an empty one, as from a job that was skipped, is no SHA either."""
    if value is not None and not re.fullmatch(r"[0-9a-f]{40}", value):
        raise click.BadParameter(f"{value!r} is not a full commit SHA")
    return value


ci_passed_option = click.option(
    "--ci-passed",
    metavar="SHA",
    envvar="WMS_CI_PASSED",
    callback=commit_sha,
    help="The commit that ci.yml ran on and passed. Needed only where main's own commit did not pass `ci`.",
)
abandon_option = click.option(
    "--abandon",
    is_flag=True,
    help="Give up a run that has not ended, unless it is published; its data branches stay.",
)


def workspace() -> Context:
    """The workspace that the current folder lies in, wired."""
    from wms.wiring import open_workspace

    return open_workspace(Path.cwd(), ConsoleProgress())


def require_training_packages() -> None:
    """Refuse to begin a training where the extra `train` is not installed.

    Raises:
        TrainingError: a package is missing.
    """
    missing = [name for name in TRAINING_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"training needs PyTorch and its exporter; not installed: {', '.join(missing)}",
            remedy="Install them with `pip install '.[train]'` in the clone, or run `make setup`.",
        )


def clone(remote: str = "origin") -> Clone:
    """The clone that the current folder lies in, for what needs Git alone."""
    from wms.wiring import open_clone

    return open_clone(Path.cwd(), ConsoleProgress(), remote=remote)


@contextlib.contextmanager
def locked_workspace(wait_seconds: float) -> Iterator[Context]:
    """The workspace, for a command that writes `run/` or changes what is in production: one at a time.

    Raises:
        BusyError: another such command works here.
    """
    from wms.run.lock import only_run

    ctx = workspace()
    with only_run(ctx.layout, wait_seconds=wait_seconds):
        yield ctx


@contextlib.contextmanager
def step_of_run(command: str, wait_seconds: float) -> Iterator[Context]:
    """The locked workspace, for a command of the job graph; how it ends is noted with the run.

    Raises:
        BusyError: another command works on the run.
        RecordError: no run was started.
        UnfinishedRunError: the run is published, and the command would change what it rests on.
    """
    from wms.run.journal import noting

    with locked_workspace(wait_seconds) as ctx, noting(ctx, command):
        yield ctx


class Duration(click.ParamType[timedelta]):
    """A time such as `90s`, `30m` or `2h`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Parse it; anything else is a usage error."""
        if isinstance(value, timedelta):
            return value
        match = re.fullmatch(r"(\d+)([smh])", str(value))
        if match is None or int(match[1]) == 0:
            self.fail(f"{value!r} is no time; write 90s, 30m or 2h", param, ctx)
        return timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours"}[match[2]]: int(match[1])})


class Moment(click.ParamType[datetime]):
    """A time with its zone, such as `2026-11-23T12:00:00Z`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse it; anything else is a usage error."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(f"{value!r} is no time with its zone; write 2026-11-23T12:00:00Z", param, ctx)
        return moment


class Setting(click.ParamType[tuple[str, int | float]]):
    """`KEY=NUMBER`, a top-level value of train.yaml."""

    name = "key=number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int | float]:
        """Parse it; anything else is a usage error."""
        if isinstance(value, tuple):
            return value
        key, _, number = str(value).partition("=")
        try:
            return key.strip(), int(number) if re.fullmatch(r"-?\d+", number) else float(number)
        except ValueError:
            self.fail(f"{value!r} is no KEY=NUMBER, such as epochs=20", param, ctx)


def run_options(command: F) -> F:
    """The options of a run, shared by `wms data merge` and `wms pipeline run`."""
    for option in reversed(
        [
            click.option(
                "--on-conflict",
                type=click.Choice(["refuse", "replace", "rename"]),
                default="refuse",
                show_default=True,
                envvar="WMS_ON_CONFLICT",
                help="What to do with an incoming pair whose name is taken by other bytes.",
            ),
            click.option(
                "--quarantine",
                is_flag=True,
                envvar="WMS_QUARANTINE",
                help="Set pairs with errors aside and go on without them.",
            ),
            click.option(
                "--seed", type=click.IntRange(min=0), envvar="WMS_SEED", help="Seed of this training."
            ),
            click.option(
                "--max-minutes", type=float, envvar="WMS_MAX_MINUTES", help="Time budget of this training."
            ),
            click.option(
                "--set",
                "overrides",
                type=Setting(),
                multiple=True,
                envvar="WMS_SET",
                help="Another value of train.yaml for this run alone; may be repeated.",
            ),
            click.option(
                "--reason",
                default="",
                envvar="WMS_REASON",
                help="Why this run was asked for; kept with its records.",
            ),
        ]
    ):
        command = option(command)
    return command
