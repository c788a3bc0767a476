"""`wms demo`: the whole pipeline on rendered pictures, with every verdict from the gate."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click

from wms import wiring
from wms.cli import output
from wms.cli.common import require_training_packages
from wms.core.context import Context
from wms.core.errors import BadDataError, Code, InputError, NoProductionModelError
from wms.core.files import read_record
from wms.core.records.decision import GateDecision
from wms.core.records.run import RunOptions
from wms.gate.reports import write_reports_index
from wms.promotion.rollback import roll_back
from wms.run.lock import only_run
from wms.run.runner import run_pipeline
from wms.run.summary import outcome_of
from wms.synth.dataset import write_pairs
from wms.synth.faults import write_broken_pairs

SEED = 7
FIRST_PUSH, SECOND_PUSH, MISLABELLED = 90, 160, 200
"""Pairs in pushes 1, 2 and 4: few enough for minutes, with enough test pictures for the gate to decide."""

TRAINING: dict[str, int | float] = {
    "epochs": 50,
    "image_size_px": 128,
    "base_width": 16,
    "batch_size": 4,
    "learning_rate": 0.006,
    "ema_decay": 0.95,
}
"""The values in the demo's train.yaml, so that a training takes a minute."""


@dataclass
class Story:
    """The chapters so far, as rows of the closing table."""

    ctx: Context
    pushes: Path
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def push(self, title: str, name: str, command: str, write: Callable[[Path], object]) -> None:
        """Write a push's pictures, run the pipeline on them, and print the result."""
        folder = self.pushes / name
        self.chapter(title, command, f"wms pipeline run --incoming {folder}")
        write(folder)
        started = time.monotonic()
        try:
            with only_run(self.ctx.layout, wait_seconds=0):
                run_pipeline(self.ctx, incoming=folder, options=RunOptions(reason=title))
            verdict = ""
        except BadDataError as error:
            output.findings(outcome_of(self.ctx).findings)
            output.say(f"blocked (exit {error.exit_code}): {error}")
            verdict = f"blocked: {error}"
        outcome = outcome_of(self.ctx)
        for line in outcome.lines():
            output.say(line)
        if outcome.outcome:
            verdict = f"{outcome.outcome}: {outcome.reasons[0]}"
        self.rows.append((title, verdict, self.dice(), f"{time.monotonic() - started:.0f} s"))

    def roll_back(self) -> None:
        """Go back to the previous model."""
        self.chapter("rollback", 'wms model rollback --reason "to show it"')
        started = time.monotonic()
        try:
            with only_run(self.ctx.layout, wait_seconds=0):
                done = roll_back(self.ctx, version=None, reason="to show it", dry_run=False)
            verdict = f"model v{done.model.version} is in production again"
        except NoProductionModelError as error:
            verdict = f"{error}"
        output.say(verdict)
        write_reports_index(self.ctx)
        self.rows.append(("rollback", verdict, "", f"{time.monotonic() - started:.0f} s"))

    def chapter(self, title: str, *commands: str) -> None:
        """Print a heading and the commands that a user would type."""
        output.say(f"\n--- {title}")
        for command in commands:
            output.say(f"$ {command}")

    def dice(self) -> str:
        """Champion and candidate on the deciding test pictures, if the run has a decision."""
        path = self.ctx.layout.record("decision")
        if not path.is_file():
            return ""
        decision = read_record(path, GateDecision)
        before = f"{decision.champion.summary.dice:.3f} -> " if decision.champion else ""
        return f"{before}{decision.candidate.summary.dice:.3f}"


@click.command()
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default="run/demo"
)
@click.option("--keep", is_flag=True, help="Refuse to replace an earlier demo in DIR.")
def demo(folder: Path, keep: bool) -> None:
    """Show the whole pipeline in a temporary workspace: two promotions, a block, a hold, a rollback.

    A real Git remote, a real DVC remote and a real MLflow store; the pictures are rendered. No result is
    scripted: every verdict comes from the gate.

    \b
    Example:
      wms demo run/demo
    """
    require_training_packages()
    if folder.exists():
        if keep or not (folder / "workspace/dvc.yaml").is_file():
            raise InputError(f"{folder} exists", Code.WORKSPACE, remedy="Choose another folder for the demo.")
        shutil.rmtree(folder)
    started = time.monotonic()
    root = folder.resolve() / "workspace"
    wiring.make_workspace(root, TRAINING)
    progress = output.ConsoleProgress()
    ctx = wiring.open_workspace(root, progress, embedded=True)
    story = Story(ctx=ctx, pushes=folder.resolve() / "pushes")
    output.say(f"$ wms init {root}")
    output.say("a Git repository with a bare remote, a DVC remote and an MLflow store, all in that folder")

    story.push(
        "push 1: a first dataset",
        "push1",
        f"wms data synth --out push1 --count {FIRST_PUSH} --seed {SEED}",
        lambda out: write_pairs(out, count=FIRST_PUSH, seed=SEED, progress=progress),
    )
    story.push(
        "push 2: more data",
        "push2",
        f"wms data synth --out push2 --count {SECOND_PUSH} --seed {SEED} --start {FIRST_PUSH}",
        lambda out: write_pairs(out, count=SECOND_PUSH, seed=SEED, start=FIRST_PUSH, progress=progress),
    )
    story.push(
        "push 3: broken pairs",
        "push3",
        "wms data synth --out push3 --kind broken",
        lambda out: write_broken_pairs(out, seed=SEED),
    )
    story.push(
        "push 4: mislabelled data",
        "push4",
        f"wms data synth --out push4 --kind mislabelled --count {MISLABELLED}",
        lambda out: write_pairs(out, count=MISLABELLED, seed=SEED + 1, mislabelled=True),
    )
    story.roll_back()

    output.say(f"\nThe story in {time.monotonic() - started:.0f} s, Dice on the test pictures of main:")
    for line in output.table(("chapter", "verdict", "Dice", "time"), story.rows):
        output.say(line)
    output.say(f"\nWorkspace: {root} (try `wms model history` and `wms data status` there)")
    output.say(f"Report to open: {story.ctx.layout.reports / 'index.html'}")
