"""`wms state …`: what the embedded default keeps in `.wms/`, carried by the Git remote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wms.cli import output
from wms.cli.common import wait_option

if TYPE_CHECKING:
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
    _carry(wait, lambda state: "saved to refs/wms/state" if state.save() else "unchanged since it was loaded")


def _carry(wait_seconds: float, do: Callable[[GitState], str]) -> None:
    """Do it to the state, unless an environment keeps that, and say how it went."""
    from wms.layout import Layout
    from wms.pipeline.lock import only_run
    from wms.wiring import open_state

    layout = Layout.find(Path.cwd())
    with only_run(layout, wait_seconds=wait_seconds):
        state = open_state(layout)
        output.say(do(state) if state else "the environment keeps the state: nothing to do")
