"""Options that several commands have, and the kinds of their values."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from wms.cli import output
from wms.core.records.run import RunOptions
from wms.core.records.training import Init

F = TypeVar("F", bound=Callable[..., Any])

WAIT = "wms.wait_seconds"
"""In a click context's `meta`: how long to wait for another command."""


def commit_sha(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A full commit SHA; an empty one, as a skipped job gives it, is refused too."""
    if value is not None and not re.fullmatch(r"[0-9a-f]{40}", value):
        raise click.BadParameter(f"{value!r} is not a full commit SHA")
    return value


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


def setting(value: str) -> tuple[str, int | float | str]:
    """`KEY=NUMBER`, a top-level value of train.yaml, or `init=WORD`; anything else is a usage error."""
    key, _, text = value.partition("=")
    if key == "init":
        if text not in get_args(Init):
            raise click.BadParameter(f"{value!r}: init is one of {', '.join(get_args(Init))}")
        return key, text
    try:
        return key.strip(), int(text) if re.fullmatch(r"-?\d+", text) else float(text)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is not KEY=NUMBER, such as epochs=20") from error


FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)

json = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    callback=lambda ctx, option, asked: output.ask_for_json(asked=asked),
    help="Print JSON for a script.",
)
dry_run = click.option("--dry-run", is_flag=True, help="Only print what would be done.")
wait = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    expose_value=False,
    callback=lambda ctx, option, seconds: ctx.meta.update({WAIT: seconds}),
    help="How long to wait for another command that works on this run.",
)
version = click.option(
    "--version",
    type=click.IntRange(min=1),
    metavar="N",
    envvar="WMS_VERSION",
    help="A promoted version; default: production.",
)
ci_passed = click.option(
    "--ci-passed",
    metavar="SHA",
    envvar="WMS_CI_PASSED",
    callback=commit_sha,
    help="The commit on which ci.yml passed. Needed only where main's own commit did not pass `ci`.",
)
incoming = click.option(
    "--incoming",
    type=FOLDER,
    help="A folder with images/ and masks/; it is first pushed as a data branch.",
)
abandon = click.option(
    "--abandon",
    is_flag=True,
    help="Abandon an unfinished run, unless it is published; its data branches stay.",
)
repo = click.option("--repo", metavar="OWNER/NAME", help="The repository; default: the remote origin.")
overrides = partial(click.option, "--set", "overrides", type=setting, metavar="KEY=NUMBER", multiple=True)

_OF_RUN = (
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
    click.option(
        "--init",
        type=click.Choice(get_args(Init)),
        envvar="WMS_INIT",
        help="First weights: the model in production, the network that ships with wms, or random ones.",
    ),
    click.option("--max-minutes", type=float, envvar="WMS_MAX_MINUTES", help="Time budget of this training."),
    overrides(envvar="WMS_SET", help="Another value of train.yaml for this run only; may be repeated."),
    click.option(
        "--reason", default="", envvar="WMS_REASON", help="Why you start this run; kept with its records."
    ),
)


def of_run(command: F) -> F:
    """The options of a run, for the commands that start one; `run_options` reads them."""
    for option in reversed(_OF_RUN):
        command = option(command)
    return command


def run_options(chosen: dict[str, Any], *, dry_run: bool = False) -> RunOptions:
    """The options of a run from the command line."""
    names = ("on_conflict", "quarantine", "reason")
    training = {name: chosen[name] for name in ("init", "seed", "max_minutes") if chosen[name] is not None}
    of_training = dict(chosen["overrides"]) | training
    if "max_minutes" in of_training:  # a budget that is asked for is the budget, whatever the data are
        of_training.setdefault("minutes_per_100_images", 0)
    return RunOptions(
        **{name: chosen[name] for name in names},
        train_overrides=of_training,
        dry_run=dry_run,
    )
