"""What a warm start makes of new pairs, by its settings, on many held-out images.

    python benchmarks/warm_starts.py FOLDER [FOLDER ...] [--seed 1] [--epochs 20] [--try 0.25:8 0.5:8 ...]

The pairs of all folders are shuffled by the seed: 210 to learn from, 43 for validation, 37 new ones, and the
rest is held out. A first model is trained from the shipped network. Each try FACTOR:EPOCHS goes on from it
with the new pairs, at a share of the learning rate. Printed of its best and its last epoch, alone and
averaged with the first model's weights: mean Dice on what is held out, that without the best and the worst
tenth, how many are below 0.5, and of 100 draws of 60 held-out images on how many the gate would promote.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from gate_power import Drawn, no_harm_and_typically_better
from inputs.dataset import lay_out
from inputs.training import MASK_THRESHOLD, train_on
from wms.core.progress import Silent
from wms.core.records.dataset import DatasetManifest, Sample
from wms.core.records.decision import GatePolicy
from wms.core.records.evaluation import EvalReport
from wms.core.settings import GATE_CONFIG, TRAIN_CONFIG, TrainSettings, load_settings
from wms.gate.compare import trimmed_mean
from wms.gate.evaluate import evaluate
from wms.training import checkpoint
from wms.training.export import export_graph, write_card
from wms.training.initial import from_champion, pretrained
from wms.training.quantise import squares_to_measure
from wms.training.start import BUNDLE_FOLDER, TrainingInputs, prepare_samples
from wms.training.unet import build
from wms.training.validation import calibrate

ROOT = Path(__file__).parents[1]
TRAIN, VAL, NEW, DRAWN, DRAWS = 210, 43, 37, 60, 100
Weights = dict[str, Tensor]


def divided(samples: tuple[Sample, ...], seed: int) -> tuple[DatasetManifest, DatasetManifest, list[Sample]]:
    """The first dataset, the one with the new pairs, and what is held out."""
    shuffled = sorted(samples, key=lambda sample: sample.stem)
    random.Random(seed).shuffle(shuffled)
    kinds = ["train"] * TRAIN + ["val"] * VAL + ["train"] * NEW
    known = [s.model_copy(update={"split": kind}) for s, kind in zip(shuffled, kinds, strict=False)]
    held_out = [s.model_copy(update={"split": "test"}) for s in shuffled[len(kinds) :]]
    return DatasetManifest.of(known[: TRAIN + VAL]), DatasetManifest.of(known), held_out


def learn(inputs: TrainingInputs, scratch: Path) -> dict[str, Weights]:
    """Train; the weights of the best and of the last epoch."""
    train_on(inputs, scratch)
    stored = checkpoint.load(inputs.checkpoint)
    return {"best": stored.part("best"), "last": stored.part("average.module")}


def averaged(weights: Weights, first: Weights, share: float) -> Weights:
    return {k: torch.lerp(t, first[k], share) if t.is_floating_point() else t for k, t in weights.items()}


def exported(inputs: TrainingInputs, weights: Weights, folder: Path) -> Path:
    """A bundle of the weights, as `train` writes it."""
    settings, samples = inputs.settings, prepare_samples(inputs)
    network = build(settings.architecture, seed=0)
    network.load_state_dict(weights)
    squares = squares_to_measure(samples.train, settings.close_up, size_px=settings.image_size_px)
    preprocessing = inputs.preprocessing
    found = export_graph(network.eval(), folder=folder, preprocessing=preprocessing, squares=squares)
    write_card(
        found,
        network,
        folder=folder,
        architecture=settings.architecture,
        preprocessing=preprocessing,
        threshold=calibrate(found.find, samples.val).threshold,
        provenance=inputs.provenance("benchmark"),
    )
    return folder


def promoted(ours: EvalReport, theirs: EvalReport, policy: GatePolicy) -> int:
    rng, pairs = random.Random(1), list(zip(ours.scores, theirs.scores, strict=True))
    level = {"dice": 0.0, "iou": 0.0}
    draws = [rng.sample(pairs, DRAWN) for _ in range(DRAWS)]
    return sum(no_harm_and_typically_better(Drawn(draw, level, policy)) for draw in draws)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--try", dest="tries", nargs="+", default=["0.25:8"], metavar="FACTOR:EPOCHS")
    args = parser.parse_args()
    policy = load_settings(ROOT / GATE_CONFIG, GatePolicy).model_copy(update={"resamples": 400})
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for folder in args.folders:
            for path in folder.glob("*/*"):
                (scratch / "pairs" / path.parent.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, scratch / "pairs" / path.parent.name / path.name)
        everything = lay_out(scratch / "pairs", scratch / "dataset")
        first, grown, held_out = divided(everything.samples, args.seed)

        def settings(epochs: int, factor: float) -> TrainSettings:
            values = {"epochs": epochs, "threads": 1, "warm_start": {"learning_rate": factor}}
            return load_settings(ROOT / TRAIN_CONFIG, TrainSettings, {"max_minutes": None, **values})

        def scored(bundle: Path) -> EvalReport:
            return evaluate(
                bundle=bundle,
                samples=held_out,
                dataset=scratch / "dataset",
                mask_threshold=MASK_THRESHOLD,
                progress=Silent(),
            )

        base = settings(args.epochs, 1.0)
        inputs = TrainingInputs(
            manifest=first,
            dataset=scratch / "dataset",
            settings=base,
            mask_threshold=MASK_THRESHOLD,
            out=scratch / "first",
            cache=scratch / "cache",
            initial=pretrained(base.architecture, reason="the benchmark says so"),
        )
        known = learn(inputs, scratch)["best"]
        before = scored(inputs.out / BUNDLE_FOLDER)
        print(json.dumps(line("first", before)), flush=True)
        for attempt in args.tries:
            factor, epochs = float(attempt.partition(":")[0]), int(attempt.partition(":")[2])
            there = settings(epochs, factor)
            champion = from_champion(inputs.out / BUNDLE_FOLDER, version=1, run_id="first", settings=there)
            warm = replace(
                inputs,
                manifest=grown,
                settings=there,
                out=scratch / attempt.replace(":", "-"),
                initial=champion,
            )
            for epoch, weights in learn(warm, scratch).items():
                for share in (0.0, 0.5):
                    folder = scratch / "bundles" / f"{warm.out.name}-{epoch}-{share}"
                    report = scored(exported(warm, averaged(weights, known, share), folder))
                    what = f"{attempt}, {epoch} epoch{', averaged' * bool(share)}"
                    found = {**line(what, report), "promoted": promoted(report, before, policy)}
                    print(json.dumps(found), flush=True)


def line(what: str, report: EvalReport) -> dict[str, object]:
    dice = [score.dice for score in report.scores]
    typical, failures = trimmed_mean(dice, 0.1), sum(value < 0.5 for value in dice)
    return {"what": what, "dice": round(fmean(dice), 4), "typical": round(typical, 4), "below 0.5": failures}


if __name__ == "__main__":
    main()
