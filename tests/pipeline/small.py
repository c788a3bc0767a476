"""Small images, and models that are written down instead of trained, for tests of the pipeline.

The window of these images is the only red thing in them, so a graph that returns the red channel
finds it exactly, and one that returns nothing finds nothing. The gate judges both for real.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from wms.core.errors import RegistryError
from wms.core.files import sha256_file, write_record
from wms.core.records.calibration import ProbabilityCounts
from wms.core.records.run import RunOptions
from wms.core.records.training import (
    CARD_FILE,
    ONNX_FILE,
    WEIGHTS_FILE,
    Architecture,
    EpochMetrics,
    ModelCard,
    Preprocessing,
    Provenance,
    TrainResult,
)
from wms.core.settings import settings_digest
from wms.model.bundle import OUTPUT, SQUARE_INPUT
from wms.training.tracking import STATE_FILE, UNTRACKED, TrackingState, provenance_tags
from wms.training.whole_graph import OPSET, whole_graph

SIZE_PX = 64


def skilled(skill: int, **options: Any) -> RunOptions:
    """The options of a run whose model has so much skill, in percent: see `WrittenTraining`."""
    return RunOptions(train_overrides={"seed": skill}, **options)


GOOD = skilled(100)


def write_small_pairs(out: Path, *, count: int, seed: int) -> Path:
    """Images of 96x128 with a red window on a pattern of their own, and their masks."""
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        coarse = rng.integers(0, 200, (6, 8), dtype=np.uint8)
        grey = np.asarray(Image.fromarray(coarse).resize((128, 96), Image.Resampling.BICUBIC))
        image = np.stack([np.zeros_like(grey), grey, grey], axis=-1)
        top, left = rng.integers(10, 70), rng.integers(10, 90)
        mask = np.zeros((96, 128), dtype=np.uint8)
        mask[top : top + 12, left : left + 24] = 255
        image[mask > 0] = (255, 0, 0)
        for folder, array in (("images", image), ("masks", mask)):
            path = out / folder / f"meter-{seed}-{number:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path)
    return out


def write_bundle(folder: Path, *, skill: float, provenance: Provenance, whole: bool = True) -> ModelCard:
    """A model that finds the window of small images for `skill` 1 and nothing for 0.

    In between it misses the window's right part: `skill` scales the red channel by columns. A graph
    that is not `whole` takes squares, as those that were exported before 2026-11-30.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = (np.arange(SIZE_PX) % 8 < round(skill * 8)).astype(np.float32).reshape(1, 1, 1, SIZE_PX)
    red = np.array([1, 0, 0], dtype=np.float32).reshape(1, 3, 1, 1)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", [SQUARE_INPUT, "red"], ["only_red"]),
            helper.make_node("Mul", ["only_red", "columns"], [OUTPUT]),
        ],
        "small",
        [helper.make_tensor_value_info(SQUARE_INPUT, TensorProto.FLOAT, ["batch", 3, SIZE_PX, SIZE_PX])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", 1, SIZE_PX, SIZE_PX])],
        [numpy_helper.from_array(red, "red"), numpy_helper.from_array(columns, "columns")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    spec = Preprocessing(size_px=SIZE_PX, pad=0)
    if whole:
        model = whole_graph(model, spec)
    (folder / ONNX_FILE).write_bytes(model.SerializeToString())
    (folder / WEIGHTS_FILE).write_bytes(f"skill {skill} seed {provenance.seed}".encode())
    card = ModelCard(
        architecture=Architecture(base_width=8, depth=2, stem_stride=1),
        preprocessing=spec,
        threshold=0.5,
        parameters=3,
        weights_sha256=sha256_file(folder / WEIGHTS_FILE),
        onnx_sha256=sha256_file(folder / ONNX_FILE),
        parity_max_difference=0.0,
        provenance=provenance,
    )
    write_record(folder / CARD_FILE, card)
    return card


class WrittenTraining:
    """Takes the place of `wms.training.train.train`: same arguments and products, no learning.

    The model's skill is the seed in hundredths, so `--seed 90` makes a good one.
    """

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, inputs, *, code_sha, registry, run_name, **_) -> TrainResult:  # type: ignore[no-untyped-def]
        self.calls += 1
        manifest, settings, out = inputs.manifest, inputs.settings, inputs.out
        started = time.monotonic()
        provenance = Provenance(
            code_sha=code_sha,
            package_version="0",
            manifest_sha256=manifest.digest,
            train_split_sha256=manifest.split_digest("train"),
            val_split_sha256=manifest.split_digest("val"),
            config_sha256=settings_digest(settings),
            seed=settings.seed,
        )
        card = write_bundle(out / "model", skill=min(settings.seed, 100) / 100, provenance=provenance)
        try:
            run_id = registry.start_run(run_name, params={}, tags=provenance_tags(provenance))
            registry.end_run(run_id, "finished")
        except RegistryError:
            # As the real training does: it goes on, and leaves behind what is to be sent later.
            run_id = f"{UNTRACKED}{run_name}"
            write_record(out / STATE_FILE, TrackingState(run_name=run_name, params={}, tags={}))
        (out / "history.csv").write_text("epoch,val_loss\n0,0.5\n")
        return TrainResult(
            run_id=run_id,
            provenance=provenance,
            epochs=(
                EpochMetrics(
                    epoch=0,
                    train_loss=0.5,
                    val_loss=0.5,
                    val_dice=0.5,
                    learning_rate=0.001,
                    image_size_px=SIZE_PX,
                    images_per_second=1.0,
                    seconds=1.0,
                ),
            ),
            best_epoch=0,
            stopped_early=False,
            threshold=card.threshold,
            probabilities=ProbabilityCounts(window=(0, 1), rest=(1, 0)),
            bundle="model",
            weights_sha256=card.weights_sha256,
            onnx_sha256=card.onnx_sha256,
            parameters=card.parameters,
            seconds=time.monotonic() - started,
            tracking_complete=not run_id.startswith(UNTRACKED),
        )
