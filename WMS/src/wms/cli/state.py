"""`wms state …`: what the embedded default keeps in `.wms/`, carried by the Git remote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wms.cli import output
from wms.cli.common import dry_run_option, json_option, wait_option

if TYPE_CHECKING:
    from wms.core.records.state_history import SavedState
    from wms.wiring import GitState


@click.command()
@wait_option
def load(wait: float) -> None:
    """Replace MLflow store and DVC remote in .wms/ by those that the Git remote keeps (refs/wms/state).

    A remote that has none yet is no error; one that does not answer is. Where WMS_ENVIRONMENT names an
    environment, a bucket and a server keep them, and nothing is done.

    \b
    Example:
      wms state load
    """
    _carry(wait, lambda state: "loaded from refs/wms/state" if state.load() else "the remote has none yet")


@click.command()
@wait_option
def save(wait: float) -> None:
    """Put MLflow store and DVC remote of .wms/ into the Git remote (refs/wms/state), if they changed.

    Where somebody else saved since they were loaded, nothing is changed (exit 33).

    \b
    Example:
      wms state save
    """

    def do(state: GitState) -> str:
        saved = state.save()
        return f"saved to refs/wms/state: {_size(saved)}" if saved else "unchanged since it was loaded"

    _carry(wait, do)


@click.command("list")
@json_option
def list_states(as_json: bool) -> None:
    """List the states that the Git remote keeps, newest first; the first is what jobs load.

    \b
    Example:
      wms state list
    """
    from wms.core.layout import Layout
    from wms.wiring import open_state

    state = open_state(Layout.find(Path.cwd()))
    history = state.history() if state else ()
    if as_json:
        output.say_json([{"name": each.name, **each.model_dump(mode="json")} for each in history])
        return
    output.table(
        ("name", "saved", "size", "new in it"),
        [
            (each.name, f"{each.saved_at:%Y-%m-%d %H:%M}", _size(each), f"{each.added_kib / 1024:,.1f} MiB")
            for each in history
        ],
    )


@click.command()
@click.argument("name")
@dry_run_option
@wait_option
def restore(name: str, dry_run: bool, wait: float) -> None:
    """Make an earlier state the one that jobs load; see `wms state list` for the names.

    The state that it replaces stays in the list. Where somebody saves meanwhile, nothing is changed
    (exit 33). What lies in .wms/ here stays as it is, until `wms state load`.

    \b
    Example:
      wms state restore 20261130T101500Z-1a2b3c4d5e6f-52480k-1024k
    """

    def do(state: GitState) -> str:
        found = state.restore(name, dry_run=dry_run)
        return f"{'would restore' if dry_run else 'restored'} {found.sha[:12]}: {_size(found)}"

    _carry(wait, do)


def _size(state: SavedState) -> str:
    return f"{state.size_kib / 1024:,.1f} MiB"


def _carry(wait_seconds: float, do: Callable[[GitState], str]) -> None:
    """Do it to the state, unless an environment keeps that, and say how it went."""
    from wms.core.layout import Layout
    from wms.run.lock import only_run
    from wms.wiring import open_state

    layout = Layout.find(Path.cwd())
    with only_run(layout, wait_seconds=wait_seconds):
        state = open_state(layout)
        output.say(do(state) if state else "the environment keeps the state: nothing to do")
