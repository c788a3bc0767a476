"""`wms state …`: what the embedded default keeps in `.wms/`, carried by the Git remote."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import output


@click.command()
def load() -> None:
    """Replace MLflow store and DVC remote in .wms/ by those that the Git remote keeps (refs/wms/state).

    A remote that has none yet is no error; one that does not answer is. Where WMS_ENVIRONMENT names an
    environment, a bucket and a server keep them, and nothing is done.

    \b
    Example:
      wms state load
    """
    from wms.wiring import open_state

    state = open_state(Path.cwd())
    if state is None:
        output.say("the environment keeps the state: nothing to load")
    else:
        output.say("loaded from refs/wms/state" if state.load() else "the remote keeps no state yet")


@click.command()
def save() -> None:
    """Put MLflow store and DVC remote of .wms/ into the Git remote (refs/wms/state), if they changed.

    Where somebody else saved since they were loaded, nothing is changed (exit 33).

    \b
    Example:
      wms state save
    """
    from wms.wiring import open_state

    state = open_state(Path.cwd())
    if state is None:
        output.say("the environment keeps the state: nothing to save")
    else:
        output.say("saved to refs/wms/state" if state.save() else "nothing changed since it was loaded")
