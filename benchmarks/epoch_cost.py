"""How much of the bare network's speed the training loop keeps.

    python benchmarks/epoch_cost.py [FOLDER] [--turns N] [--float32]

Images per second of the loop (reading, augmentation, step, optimizer, moving average) against those of
forward, loss and backward alone on one batch that lies in memory, in turns in one process, for each
image size of `train.yaml` and for a whole training, which is its stages' epochs. The goal is 0.85.
Without FOLDER, pairs are made. `--float32` leaves bfloat16 alone where the CPU has it, as if on a
t3.large, which has none.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from inputs.dataset import lay_out
from inputs.pairs import make_pairs
from wms.core.cores import usable_cores
from wms.core.progress import Silent
from wms.core.records.training import Preprocessing
from wms.core.settings import TrainSettings, load_train_settings
from wms.imaging.preprocess import PAD_GREY
from wms.training.batches import training_batches
from wms.training.cache import CachedSamples, Source, prepare
from wms.training.learner import Learner
from wms.training.loss import segmentation_loss
from wms.training.machine import deterministic, has_bfloat16
from wms.training.process_group import CPU, ProcessGroup

import torch  # isort: skip - after wms.training, which tells OpenMP how to wait

ROOT = Path(__file__).parents[1]
GOAL, BATCHES = 0.85, 12


def loop_seconds(
    learner: Learner, samples: CachedSamples, size_px: int, epoch: int, *, bfloat16: bool
) -> float:
    batches = training_batches(samples, learner.settings, ProcessGroup(), epoch=epoch, size_px=size_px)
    start = time.perf_counter()
    for _, (pictures, masks) in zip(range(BATCHES), batches, strict=False):
        learner.step(pictures, masks, rate=1e-4, bfloat16=bfloat16)
    return time.perf_counter() - start


def bare_seconds(learner: Learner, pictures: torch.Tensor, masks: torch.Tensor, *, bfloat16: bool) -> float:
    start = time.perf_counter()
    for _ in range(BATCHES):
        learner.network.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = learner.network(pictures)
        segmentation_loss(logits, masks, learner.settings.loss).backward()
    return time.perf_counter() - start


@dataclass(frozen=True)
class Cost:
    """Seconds that an image takes in the loop, and in the bare network."""

    loop: float
    bare: float

    def document(self) -> dict[str, float]:
        """Speeds and their ratio."""
        return {
            "loop_pictures_per_second": round(1 / self.loop, 1),
            "bare_pictures_per_second": round(1 / self.bare, 1),
            "ratio": round(self.bare / self.loop, 3),
        }


def measure(
    samples: CachedSamples, settings: TrainSettings, size_px: int, turns: int, *, bfloat16: bool
) -> Cost:
    learner, loops, bares = Learner(settings, ProcessGroup()), [], []
    pictures, masks = next(training_batches(samples, settings, ProcessGroup(), epoch=0, size_px=size_px))
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    for turn in range(turns + 1):
        loops.append(loop_seconds(learner, samples, size_px, turn, bfloat16=bfloat16))
        bares.append(bare_seconds(learner, pictures, masks, bfloat16=bfloat16))
    seen = BATCHES * settings.batch_size
    return Cost(median(loops[1:]) / seen, median(bares[1:]) / seen)  # the first turn warms up


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--float32", action="store_true", help="no bfloat16, as on a t3.large")
    args = parser.parse_args()
    bfloat16 = has_bfloat16(CPU) and not args.float32
    settings = load_train_settings(ROOT)
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or make_pairs(Path(scratch) / "pairs", 2 * BATCHES * settings.batch_size)
        manifest = lay_out(folder, Path(scratch) / "dataset")
        spec = Preprocessing(size_px=settings.stored_size_px, pad=PAD_GREY)
        source = Source(dataset=Path(scratch) / "dataset", mask_threshold=127, spec=spec)
        samples = prepare(
            manifest.of_split("train"), source, folder=Path(scratch) / "cache", workers=1, progress=Silent()
        )
        with deterministic(usable_cores()):
            costs = [
                measure(samples, settings, size, args.turns, bfloat16=bfloat16)
                for size in settings.stage_sizes_px
            ]
    shares = [stage.share for stage in settings.stages]
    whole = Cost(fmean((c.loop for c in costs), shares), fmean((c.bare for c in costs), shares))
    result = {
        "threads": usable_cores(),
        "bfloat16": bfloat16,
        "stages": [
            {"size_px": size, **cost.document()}
            for size, cost in zip(settings.stage_sizes_px, costs, strict=True)
        ],
        "training": whole.document(),
        "goal": GOAL,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
