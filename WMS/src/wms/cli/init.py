"""`wms init`: a workspace with everything embedded."""

from __future__ import annotations

from pathlib import Path

import click

from wms import wiring
from wms.cli import output
from wms.cli.common import setting


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--set",
    "overrides",
    type=setting,
    metavar="KEY=NUMBER",
    multiple=True,
    help="A value of train.yaml in the new workspace; may be repeated.",
)
def init(folder: Path, overrides: tuple[tuple[str, int | float], ...]) -> None:
    """Create the workspace DIR: a Git repository with a bare remote, a DVC remote and an MLflow store.

    All of it is in DIR (the services in DIR/.wms); to remove it, delete the folder.

    \b
    Example:
      wms init work && cd work && wms pipeline run --incoming ~/photos
    """
    wiring.make_workspace(folder, dict(overrides))
    output.say(f"workspace in {folder}; go there and run: wms pipeline run --incoming DIR")
