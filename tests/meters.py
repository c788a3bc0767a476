"""A dataset that a tiny network learns in seconds: a bright bar somewhere on a dark, noisy ground."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from factories import make_facts
from fakes.registry import FakeRegistry
from wms.core.files import sha256_file
from wms.core.ports import Registry
from wms.core.progress import Progress, Silent
from wms.core.records.dataset import DatasetManifest, Sample, Split
from wms.core.records.training import Architecture, ModelCard, Preprocessing, Provenance, TrainResult
from wms.core.settings import TRAIN_CONFIG, TrainSettings, load_settings
from wms.training.cache import CachedSamples, Source, prepare
from wms.training.export import export_graph, write_card
from wms.training.initial import Initial, random_weights
from wms.training.start import Resume, TrainingInputs
from wms.training.train import train
from wms.training.unet import build

HEIGHT, WIDTH = 48, 64
ROOT = Path(__file__).parents[1]

TINY: Mapping[str, Any] = {
    "seed": 5,
    "epochs": 4,
    "init": "scratch",
    "max_minutes": None,
    "batch_size": 4,
    "image_size_px": 32,
    "base_width": 8,
    "depth": 2,
    "stem_stride": 1,
    "patience": 10,
    "threads": 1,
    "precision": "float32",
    "learning_rate": 0.01,
    "stages": [{"scale": 0.5, "share": 0.5}, {"scale": 1.0, "share": 0.5}],
}


class SignalAfter(Silent):
    """Sends this process a signal when an epoch's line is shown, once its checkpoint is stored."""

    def __init__(self, epoch: int, number: int) -> None:
        self.start, self.number = f"epoch {epoch}/", number

    def say(self, text: str) -> None:
        if text.startswith(self.start):
            os.kill(os.getpid(), self.number)


def tiny_settings(**changes: Any) -> TrainSettings:
    """The project's own settings, made tiny."""
    return load_settings(ROOT / TRAIN_CONFIG, TrainSettings, overrides={**TINY, **changes})


def write_dataset(folder: Path, *, train: int = 12, val: int = 4, test: int = 4) -> DatasetManifest:
    """Write images and masks below `folder`, and return their manifest."""
    counts: dict[Split, int] = {"train": train, "val": val, "test": test}
    return DatasetManifest.of(
        write_sample(folder, f"{split}-{number:03d}", seed=1000 * order + number, split=split)
        for order, (split, count) in enumerate(counts.items())
        for number in range(count)
    )


def write_sample(folder: Path, stem: str, *, seed: int, split: Split) -> Sample:
    """Write one pair and return its line of the manifest."""
    rng = np.random.default_rng(seed)
    image = rng.integers(20, 90, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    top, left = int(rng.integers(4, HEIGHT - 16)), int(rng.integers(4, WIDTH - 32))
    mask[top : top + 12, left : left + 28] = 255
    image[mask > 0] = rng.integers(190, 250, (int((mask > 0).sum()), 3), dtype=np.uint8)
    image_file, mask_file = folder / "images" / f"{stem}.png", folder / "masks" / f"{stem}.png"
    for pixels, file in ((image, image_file), (mask, mask_file)):
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    facts = make_facts(
        stem,
        image=image_file.name,
        mask=mask_file.name,
        image_sha256=sha256_file(image_file),
        mask_sha256=sha256_file(mask_file),
        width_px=WIDTH,
        height_px=HEIGHT,
        foreground_share=float((mask > 0).mean()),
    )
    return Sample(**facts.model_dump(), group=stem, split=split, added_by="data/base")


def cached(folder: Path, manifest: DatasetManifest, split: Split, *, size_px: int) -> CachedSamples:
    """A split of the dataset in `folder/data`, decoded into `folder/cache`."""
    spec = Preprocessing(size_px=size_px, pad=114)
    source = Source(dataset=folder / "data", mask_threshold=127, spec=spec)
    samples = manifest.of_split(split)
    return prepare(samples, source, folder=folder / "cache", workers=1, progress=Silent())


def train_tiny(
    folder: Path,
    manifest: DatasetManifest,
    out: str = "run",
    *,
    registry: Registry | None = None,
    settings: TrainSettings | None = None,
    resume: Resume = "never",
    progress: Progress | None = None,
    initial: Initial | None = None,
) -> TrainResult:
    """Train on the dataset in `folder/data`, into `folder/out`."""
    inputs = TrainingInputs(
        manifest=manifest,
        dataset=folder / "data",
        settings=settings or tiny_settings(),
        mask_threshold=127,
        out=folder / out,
        cache=folder / "cache",
        initial=initial or random_weights(),
        progress=progress or Silent(),
    )
    registry = registry or FakeRegistry(folder / "registry")
    return train(inputs, code_sha="unknown", registry=registry, run_name=out, resume=resume)


def export_bundle(
    folder: Path,
    *,
    architecture: Architecture,
    preprocessing: Preprocessing,
    provenance: Provenance,
    threshold: float = 0.5,
    network: nn.Module | None = None,
    squares: NDArray[np.float32] | None = None,
) -> ModelCard:
    """A whole bundle, as a training writes it; of a network with random weights, if none is given."""
    network = network or build(architecture, seed=1)
    if squares is None:
        side = preprocessing.size_px
        squares = np.random.default_rng(1).random((2, 3, side, side), dtype=np.float32)
    exported = export_graph(network, folder=folder, preprocessing=preprocessing, squares=squares)
    return write_card(
        exported,
        network,
        folder=folder,
        architecture=architecture,
        preprocessing=preprocessing,
        threshold=threshold,
        provenance=provenance,
    )
