"""What a training leaves for a person to look at, and what it tells the tracking server."""

from __future__ import annotations

import csv
import io
import json
import platform
import shutil
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wms.core.cores import usable_cores
from wms.core.files import write_bytes
from wms.core.records.base import canonical_json
from wms.core.records.calibration import ProbabilityCounts
from wms.core.records.training import CARD_FILE, EpochMetrics
from wms.core.settings import TrainSettings
from wms.imaging.compare import count_pixels
from wms.imaging.outlines import draw_outlines
from wms.model.bundle import Predictor, load_bundle
from wms.report.plots import Plot, training_plots
from wms.training.cache import HALF, CachedSamples
from wms.training.schedule import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HISTORY_FILE = "history.csv"

SHOWN = 6
"""Validation images in each of the two rows: the worst and the best."""

SIDE_PX = 320
"""Longer side of each of them."""

PACKAGES = ("torch", "torchvision", "onnx", "onnxruntime", "numpy", "pillow")
"""Those whose versions may change a training's numbers."""


def write_evidence(
    folder: Path,
    *,
    bundle: Path,
    history: Sequence[EpochMetrics],
    best_epoch: int,
    probabilities: ProbabilityCounts,
    settings: TrainSettings,
    samples: CachedSamples,
) -> None:
    """Curves, the worst and best validation images by the exported model, settings, environment.

    Args:
        folder: made if missing.
        bundle: the exported model.
        history: the training's epochs.
        best_epoch: the one whose weights were kept.
        probabilities: of the validation pixels.
        settings: how it was trained.
        samples: validation samples.

    Raises:
        StorageError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    predictor = load_bundle(bundle)
    plots = training_plots(
        history, best_epoch=best_epoch, probabilities=probabilities, threshold=predictor.card.threshold
    )
    for plot in (*plots, *_worst_and_best(predictor, samples)):
        write_bytes(folder / f"{plot.name}.png", plot.png())
    write_bytes(folder / HISTORY_FILE, history_csv(history))
    write_bytes(folder / "settings.json", canonical_json(settings.model_dump(mode="json")))
    write_bytes(folder / "environment.json", canonical_json(environment()))
    shutil.copyfile(bundle / CARD_FILE, folder / CARD_FILE)


def _worst_and_best(predictor: Predictor, samples: CachedSamples) -> Iterator[Plot]:
    def found(index: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.bool_]]:
        images, masks = samples.batch([index])
        return images[0], masks[0, ..., 0] >= HALF, predictor.mask(images[0])

    dice = [count_pixels(predicted, truth).dice for _, truth, predicted in map(found, range(len(samples)))]
    ranked = sorted(range(len(samples)), key=dice.__getitem__)
    for name, shown in (("worst", ranked[:SHOWN]), ("best", ranked[-SHOWN:])):
        images = [
            draw_outlines(image, truth=truth, predicted=predicted, side_px=SIDE_PX)
            for image, truth, predicted in map(found, shown)
        ]
        yield _row(name, images, [f"{samples.stems[index]}\nDice {dice[index]:.2f}" for index in shown])


def _row(name: str, images: Sequence[Image.Image], titles: Sequence[str]) -> Plot:
    def draw(*panels: Axes) -> None:
        for axes, image, title in zip(panels, images, titles, strict=True):
            axes.imshow(image)
            axes.set_title(title, fontsize=8)
            axes.set_axis_off()

    caption = f"The {name} validation images: true outline orange, predicted outline blue."
    inches = (2.6 * len(images), 3.3)
    return Plot(name=name, alt=caption, caption=caption, inches=inches, draw=draw, panels=len(images))


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
