"""What a promoted run without a cloud takes of runner time, besides its training.

    python benchmarks/runner_minutes.py [FOLDER] [--install SECONDS] [--install-train SECONDS]

The workflow files run on this machine by the rehearsal's engine, with real Git, DVC, MLflow and training
(of two epochs on a tiny network); only GitHub is a stand-in. Each step is timed, and `wms train` is left out.
The engine skips the installation of the package: `benchmarks/install_cost.py` measures it, and the options
add it to each job. GitHub's own share (starting a machine, its network) is not in the figure.

FOLDER holds images/ and masks/; without one, 100 pairs are rendered. It needs Node.js and `make
rehearsal-setup`. The goal is 6 minutes. Private repositories pay for each begun minute of a job, so that sum
is printed as well.
"""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rehearsal.engine.hooks import Moment, Phase
from rehearsal.engine.node import Node
from rehearsal.real_parts import tiny_project
from rehearsal.stage import Stage, open_stage
from wms.synth.dataset import write_pairs

GOAL_MINUTES = 6.0
TRAINING = "wms train"


def timed(stage: Stage) -> dict[str, dict[str, float]]:
    """From now on, the seconds of every step, by job and the step's ID."""
    seconds: dict[str, dict[str, float]] = defaultdict(dict)
    began = 0.0

    def look(moment: Moment) -> None:
        nonlocal began
        if moment.phase is Phase.STEP_START:
            began = time.monotonic()
        elif moment.phase is Phase.STEP_END and moment.step is not None:
            seconds[moment.job][moment.step] = time.monotonic() - began

    stage.sim.watch(look)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--install", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--install-train", type=float, default=0.0, metavar="SECONDS")
    chosen = parser.parse_args()

    def write(out: Path, *, count: int, seed: int) -> None:
        if chosen.folder is None:
            write_pairs(out, count=count, seed=seed)
        else:
            shutil.copytree(chosen.folder, out, dirs_exist_ok=True)

    node = Node()
    with (
        tempfile.TemporaryDirectory() as name,
        open_stage(Path(name), node, programs=[], files=tiny_project()) as stage,
    ):
        stage.write_pairs = write
        stage.push_pairs("first", seed=1, count=100)
        seconds = timed(stage)
        run = stage.play()[0].expect("success", publish="success", report="success")
    node.close()
    print(f"{'job':10} {'steps, s':>9} {'install, s':>10} {'minutes':>8} {'billed':>7}")
    total = billed = 0.0
    for job, steps in seconds.items():
        if job not in run.jobs and job != "start":
            continue
        ran = run.jobs[job].steps if job in run.jobs else {}
        own = sum(spent for step, spent in steps.items() if step not in ran or ran[step].script != TRAINING)
        install = 0.0 if job == "start" else chosen.install_train if job == "train" else chosen.install
        minutes = (own + install) / 60
        total, billed = total + minutes, billed + math.ceil(minutes)
        print(f"{job:10} {own:9.1f} {install:10.1f} {minutes:8.2f} {math.ceil(minutes):7d}")
    print(f"together {total:.2f} minutes besides training, {billed:.0f} as billed; goal {GOAL_MINUTES:.0f}")


if __name__ == "__main__":
    main()
