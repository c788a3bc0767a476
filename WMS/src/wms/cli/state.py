"""`wms state …`: the state of an embedded workspace in `.wms/`, kept in the Git remote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from wms.cli import options, output
from wms.cli.groups import Group
from wms.core.layout import Layout
from wms.run.lock import only_run
from wms.wiring import GitState, open_state

state = Group("state", help="Keep the state of .wms/ in the Git remote, for runners that keep no files.")


@state.command()
@options.wait
def load() -> None:
    """Replace the MLflow store and DVC remote in .wms/ by those in the Git remote (refs/wms/state).

    A remote without a state is no error; a remote that does not answer is one. Where WMS_ENVIRONMENT names
    an environment, a bucket and a server keep the state, and this does nothing.

    \b
    Example:
      wms state load
    """
    _carry(lambda state: "loaded from refs/wms/state" if state.load() else "the remote has none yet")


@state.command()
@options.wait
def save() -> None:
    """Save the MLflow store and DVC remote of .wms/ to the Git remote (refs/wms/state), if they changed.

    If somebody else saved since you loaded them, nothing changes (exit 33).

    \b
    Example:
      wms state save
    """

    def do(state: GitState) -> str:
        saved = state.save()
        return (
            f"saved to refs/wms/state: {_mib(saved.size_kib)}" if saved else "unchanged since it was loaded"
        )

    _carry(do)


@state.command("list")
@options.json
def list_states() -> None:
    """List the states that the Git remote keeps, newest first; jobs load the first one.

    \b
    Example:
      wms state list
    """
    state = open_state(Layout.find(Path.cwd()))
    history = state.history() if state else ()
    rows = [(it.name, output.minute(it.saved_at), _mib(it.size_kib), _mib(it.added_kib)) for it in history]
    output.answer(
        [{"name": each.name, **each.model_dump(mode="json")} for each in history],
        *output.table(("name", "saved", "size", "new in it"), rows),
    )


@state.command()
@click.argument("name")
@options.dry_run
@options.wait
def restore(name: str, dry_run: bool) -> None:
    """Make an earlier state the one that jobs load; `wms state list` shows the names.

    The state that it replaces stays in the list. If somebody saves at the same time, nothing changes (exit
    33). The files in .wms/ here do not change until `wms state load`.

    \b
    Example:
      wms state restore 20261130T101500Z-1a2b3c4d5e6f-52480k-1024k
    """

    def do(state: GitState) -> str:
        found = state.restore(name, dry_run=dry_run)
        return f"{'would restore' if dry_run else 'restored'} {found.sha[:12]}: {_mib(found.size_kib)}"

    _carry(do)


def _mib(kib: int) -> str:
    return f"{kib / 1024:,.1f} MiB"


def _carry(do: Callable[[GitState], str]) -> None:
    """Do it to the state, unless an environment keeps the state, and print the result."""
    layout = Layout.find(Path.cwd())
    with only_run(layout, wait_seconds=click.get_current_context().meta[options.WAIT]):
        state = open_state(layout)
        output.say(do(state) if state else "the environment keeps the state: nothing to do")
