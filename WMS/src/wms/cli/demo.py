"""`wms init` and `wms demo`: workspaces with everything embedded."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import time
from pathlib import Path

import click

from wms.cli import options, output
from wms.core import extras
from wms.core.errors import Code, InputError
from wms.core.files import read_record
from wms.report.page import RunEntry
from wms.wiring import make_workspace

PUSHES = {
    "a first dataset": "--count 90 --seed 7",
    "more data": "--count 160 --seed 7 --start 90",
    "broken pairs": "--kind broken --seed 7",
    "mislabelled data": "--kind mislabelled --count 200 --seed 8",
}
"""Few enough pairs for minutes, with enough test images for the gate to decide."""

TRAINING: dict[str, int | float | str] = {
    "epochs": 4,
    "image_size_px": 128,
    "batch_size": 4,
    "ema_decay": 0.95,
}
"""The values in the demo's train.yaml, so that a training takes less than a minute."""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@options.overrides(help="A value of train.yaml in the new workspace; may be repeated.")
def init(folder: Path, overrides: tuple[tuple[str, int | float | str], ...]) -> None:
    """Create the workspace DIR: a Git repository with a bare remote, a DVC remote and an MLflow store.

    All of it is in DIR (the services in DIR/.wms); to remove it, delete the folder.

    \b
    Example:
      wms init work && cd work && wms pipeline run --incoming ~/photos
    """
    make_workspace(folder, dict(overrides))
    output.say(f"workspace in {folder}; go there and run: wms pipeline run --incoming DIR")


@click.command()
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default="run/demo"
)
@click.option("--keep", is_flag=True, help="Refuse to replace an earlier demo in DIR.")
@click.pass_context
def demo(ctx: click.Context, folder: Path, keep: bool) -> None:
    """Show the whole pipeline in a temporary workspace: two promotions, a block, a hold, a rollback.

    A real Git remote, a real DVC remote and a real MLflow store; the images are rendered. No result is
    scripted: every verdict comes from the gate.

    \b
    Example:
      wms demo run/demo
    """
    extras.require(extras.Extra.TRAIN)
    if folder.exists():
        if keep or not (folder / "workspace/dvc.yaml").is_file():
            raise InputError(f"{folder} exists", Code.WORKSPACE, remedy="Choose another folder for the demo.")
        shutil.rmtree(folder)
    started = time.monotonic()
    root = folder.resolve() / "workspace"
    make_workspace(root, TRAINING)
    output.say(f"$ wms init {root}\n$ cd {root}")
    output.say("a Git repository with a bare remote, a DVC remote and an MLflow store, all in that folder")
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "MLFLOW_TRACKING_", "WMS_"))]:
        del os.environ[name]
    with contextlib.chdir(root):
        for number, (title, pairs) in enumerate(PUSHES.items(), start=1):
            output.say(f"\n--- push {number}: {title}")
            _call(ctx, f"data synth --out ../pushes/push{number} {pairs}")
            run = f'pipeline run --incoming ../pushes/push{number} --reason "push {number}: {title}"'
            _call(ctx, run, may_end_in=Code.BAD_DATA if "broken" in pairs else None)
        output.say("\n--- rollback")
        _call(ctx, 'model rollback --reason "to show it"', may_end_in=Code.NO_PRODUCTION_MODEL)
        _call(ctx, "report")
    reports = root / ".wms/reports"
    runs = sorted(
        (read_record(path, RunEntry) for path in reports.glob("*.json")), key=lambda run: run.started_at
    )
    output.say(f"\nThe story in {time.monotonic() - started:.0f} s, Dice on the test images of main:")
    rows = [
        (title, f"{run.headline}: {run.detail}", _dice(run)) for title, run in zip(PUSHES, runs, strict=True)
    ]
    for line in output.table(("push", "verdict", "Dice"), rows):
        output.say(line)
    output.say(f"\nWorkspace: {root} (try `wms model history` and `wms data status` there)")
    output.say(f"Report to open: {reports / 'index.html'}")
    output.say(f"To use the model in production: cd {shlex.quote(str(folder / 'workspace'))} && wms serve")


def _call(ctx: click.Context, words: str, *, may_end_in: Code | None = None) -> None:
    """Show a command and run it; one error of it may belong to the story."""
    output.say(f"$ wms {words}")
    try:
        ctx.find_root().command.main(shlex.split(words), prog_name="wms", standalone_mode=False)
    except SystemExit as end:
        if may_end_in is None or end.code != may_end_in.exit_code:
            raise
        output.say(f"exit {end.code}")


def _dice(run: RunEntry) -> str:
    """Champion and candidate on the deciding test images, as far as the run has them."""
    return " -> ".join(f"{dice:.3f}" for dice in (run.champion_dice, run.dice) if dice is not None)
