"""How good a model is after how long: this project's settings against the recipe that they replace.

    python benchmarks/time_to_quality.py [FOLDER] [--minutes M ...] [--reference-minutes M] [--unseen FOLDER]

On a machine that does other work too, a budget of time says little: `--epochs N` and `--reference-epochs N`
fix the number of epochs instead. `--init scratch` starts the project's trainings from random weights, not
from the shipped network. `--precision float32`, with `ONEDNN_MAX_CPU_ISA=AVX2` and `ATEN_CPU_CAPABILITY=avx2`
in the environment, imitates the processors of GitHub's runners and of t3.large. `--seeds N` repeats each
budget with N seeds, `--set learning_rate=0.006` changes the settings. `--keep DIR` keeps the evaluation
reports for `gate_power.py`.

One training after the other on the same split of the same pairs, each in a process of its own: the
project's `train.yaml` for every budget of M minutes, then `reference.yaml`. For each epoch it prints
validation Dice against wall and CPU seconds of the training, and at the end the Dice of the exported
model on the test split, and on the pairs of another folder, at the images' own resolution. Without
FOLDER, meters are rendered.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from wms.core.progress import Silent
from wms.synth.dataset import write_pairs

ROOT = Path(__file__).parents[1]
RENDERED = 359
FIRST_SEED = 20261123
EPOCHS = 1000
"""More than any budget allows here, so that the budget decides."""


class Clock(Silent):
    """Progress of a training: prints each epoch with the wall and CPU seconds since the start."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def say(self, text: str) -> None:
        """Print the line."""
        spent = f"{time.perf_counter() - self.wall:.0f} s wall, {time.process_time() - self.cpu:.0f} s CPU"
        print(f"{spent}: {text}", file=sys.stderr, flush=True)


def train_and_score(
    folder: Path, unseen: Path | None, keep: Path | None, recipe: str, budget: dict[str, Any], scratch: Path
) -> None:
    """One training and its scores, as JSON; `budget` replaces values of the recipe."""
    from inputs.dataset import lay_out
    from inputs.training import MASK_THRESHOLD, train_in
    from wms.core.files import write_record
    from wms.core.settings import TrainSettings, load_settings
    from wms.gate.evaluate import evaluate

    settings = load_settings(ROOT / f"WMS/configs/{recipe}.yaml", TrainSettings, budget)
    clock = Clock()
    manifest, result = train_in(scratch, folder, settings, clock)
    wall, cpu = time.perf_counter() - clock.wall, time.process_time() - clock.cpu
    answer = {
        "recipe": recipe,
        "minutes": budget["max_minutes"],
        "init": settings.init,
        "precision": settings.precision,
        "seed": settings.seed,
        "epochs": len(result.epochs),
        "wall_seconds": round(wall),
        "cpu_seconds": round(cpu),
        "val_dice": round(result.epochs[result.best_epoch].val_dice, 4),
    }
    sets = {"test": (scratch / "dataset", manifest.of_split("test"))}
    if unseen is not None:
        other = lay_out(unseen, scratch / "unseen")
        sets["unseen"] = (scratch / "unseen", other.samples)
    for name, (pictures, samples) in sets.items():
        report = evaluate(
            bundle=scratch / "run" / result.bundle,
            samples=samples,
            dataset=pictures,
            mask_threshold=MASK_THRESHOLD,
            progress=Silent(),
        )
        if keep is not None:
            weights = report.weights_sha256[:12]
            write_record(
                keep / f"{name}-{recipe}-{result.epochs[-1].epoch + 1}-{settings.seed}-{weights}.json", report
            )
        summary = report.summary
        answer |= {
            f"{name}_dice": round(summary.dice, 4),
            f"{name}_dice_median": round(summary.dice_median, 4),
            f"{name}_failures": f"{summary.failures} of {summary.pictures}",
        }
    print(json.dumps(answer))


def within(minutes: float) -> dict[str, Any]:
    return {"max_minutes": minutes, "minutes_per_100_images": 0, "epochs": EPOCHS}


def exactly(epochs: int) -> dict[str, Any]:
    return {"max_minutes": None, "epochs": epochs}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--minutes", type=float, nargs="+", default=[5.0])
    parser.add_argument("--reference-minutes", type=float, default=15.0)
    parser.add_argument("--epochs", type=int, nargs="+", default=[])
    parser.add_argument("--reference-epochs", type=int)
    parser.add_argument("--unseen", type=Path)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--init", choices=["pretrained", "scratch"], default="pretrained")
    parser.add_argument("--precision", choices=["auto", "float32"], default="auto")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="values of train.yaml")
    parser.add_argument("--one", nargs=2, metavar=("RECIPE", "BUDGET"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        with tempfile.TemporaryDirectory() as scratch:
            recipe, budget = args.one[0], json.loads(args.one[1])
            train_and_score(args.folder, args.unseen, args.keep, recipe, budget, Path(scratch))
        return
    budgets = [within(minutes) for minutes in args.minutes if not args.epochs]
    changed = {name: yaml.safe_load(value) for name, _, value in (item.partition("=") for item in args.set)}
    ours = {"init": args.init, "precision": args.precision, **changed}
    runs = [
        ("train", {**budget, **ours, "seed": FIRST_SEED + number})
        for budget in [*budgets, *map(exactly, args.epochs)]
        for number in range(args.seeds)
    ]
    if args.reference_epochs:
        runs.append(("reference", exactly(args.reference_epochs)))
    elif args.reference_minutes > 0:
        runs.append(("reference", within(args.reference_minutes)))
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch)
        if args.folder is None:
            write_pairs(folder, count=RENDERED, seed=1)
        for recipe, budget in runs:
            command = [sys.executable, __file__, str(folder), "--one", recipe, json.dumps(budget)]
            if args.unseen:
                command += ["--unseen", str(args.unseen)]
            if args.keep:
                command += ["--keep", str(args.keep)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            print(done.stdout, end="", flush=True)


if __name__ == "__main__":
    main()
