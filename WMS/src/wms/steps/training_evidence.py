"""What a training leaves for a person to look at, and what it tells the tracking server."""

from __future__ import annotations

import csv
import io
import json
import platform
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from wms.config import TrainSettings
from wms.domain.records import canonical_json
from wms.domain.training import CARD_FILE, EpochMetrics
from wms.files import write_bytes
from wms.ml.cache import CachedSamples
from wms.ml.machine import usable_cores
from wms.ml.plots import draw_curves, draw_overlays
from wms.ml.predict import load_bundle
from wms.ml.schedule import Plan

HISTORY_FILE = "history.csv"

SHOWN = 6
"""Validation pictures in the overlay."""

PACKAGES = ("torch", "torchvision", "onnx", "onnxruntime", "numpy", "pillow")
"""Those whose versions may change a training's numbers."""


def write_evidence(
    folder: Path,
    *,
    bundle: Path,
    history: Sequence[EpochMetrics],
    settings: TrainSettings,
    samples: CachedSamples,
) -> None:
    """Curves, overlays of validation pictures by the exported model, figures, settings, environment.

    Args:
        folder: made if missing.
        bundle: the exported model.
        history: the training's epochs.
        settings: how it was trained.
        samples: validation samples; the first few are shown.

    Raises:
        StorageError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draw_curves(history, folder / "curves.png")
    predictor = load_bundle(bundle)
    shown = range(min(SHOWN, len(samples)))
    pictures, masks = samples.batch(shown)
    found = np.stack([predictor.mask(picture) for picture in pictures])
    titles = [samples.stems[index] for index in shown]
    draw_overlays(pictures, masks[..., 0] >= 128, found, titles, folder / "validation.png")
    write_bytes(folder / HISTORY_FILE, history_csv(history))
    write_bytes(folder / "settings.json", canonical_json(settings.model_dump(mode="json")))
    write_bytes(folder / "environment.json", canonical_json(environment()))
    shutil.copyfile(bundle / CARD_FILE, folder / CARD_FILE)


def history_csv(history: Sequence[EpochMetrics]) -> bytes:
    """One line an epoch, with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(EpochMetrics.model_fields), lineterminator="\n")
    writer.writeheader()
    writer.writerows(metrics.model_dump() for metrics in history)
    return text.getvalue().encode()


def run_params(settings: TrainSettings, plan: Plan) -> dict[str, str]:
    """Settings and plan as flat text, the form that tracking servers list and compare."""
    values = {**settings.model_dump(mode="json"), "plan": plan.model_dump(mode="json")}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def environment() -> dict[str, str]:
    """The machine and the versions that a training ran with."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cores": str(usable_cores()),
        **{name: version(name) for name in PACKAGES},
    }
