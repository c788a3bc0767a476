"""What commands share: opening the workspace, the run lock, durations, options."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from wms.cli.output import ConsoleProgress
from wms.pipeline.context import Context

F = TypeVar("F", bound=Callable[..., Any])

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
abandon_option = click.option(
    "--abandon",
    is_flag=True,
    help="Give up a run that has not ended, unless it is published; its data branches stay.",
)


def workspace() -> Context:
    """The workspace that the current folder lies in, wired."""
    from wms.wiring import open_workspace

    return open_workspace(Path.cwd(), ConsoleProgress())


@contextlib.contextmanager
def locked_workspace(wait_seconds: float) -> Iterator[Context]:
    """The workspace, for a command that writes `run/` or changes what is in production: one at a time.

    Raises:
        BusyError: another such command works here.
    """
    from wms.pipeline.lock import only_run

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
    from wms.pipeline.journal import noting

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
                help="What to do with an incoming pair whose name is taken by other bytes.",
            ),
            click.option(
                "--quarantine", is_flag=True, help="Set pairs with errors aside and go on without them."
            ),
            click.option("--seed", type=click.IntRange(min=0), help="Seed of this training."),
            click.option("--max-minutes", type=float, help="Time budget of this training."),
            click.option(
                "--set",
                "overrides",
                type=Setting(),
                multiple=True,
                help="Another value of train.yaml for this run alone; may be repeated.",
            ),
            click.option("--reason", default="", help="Why this run was asked for; kept with its records."),
        ]
    ):
        command = option(command)
    return command
