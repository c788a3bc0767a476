"""`wms init`: a workspace with everything embedded."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import output
from wms.cli.common import Setting


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--set",
    "overrides",
    type=Setting(),
    multiple=True,
    help="A value of train.yaml that the workspace starts with; may be repeated.",
)
def init(folder: Path, overrides: tuple[tuple[str, int | float], ...]) -> None:
    """Make the workspace DIR: a Git repository with a bare remote, a DVC remote and an MLflow store.

    All of it lies in DIR (the services in DIR/.wms); delete the folder and it is gone.

    \b
    Example:
      wms init work && cd work && wms pipeline run --incoming ~/photos
    """
    from wms.wiring import make_workspace

    make_workspace(folder, dict(overrides))
    output.say(f"workspace in {folder}; go there and run: wms pipeline run --incoming DIR")
