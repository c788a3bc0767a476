"""Pictures of a training for a person to look at. matplotlib is imported only when one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wms.domain.calibration import ProbabilityCounts
from wms.domain.training import EpochMetrics
from wms.files import replacing

FOUND, MISSED, WRONG = (86, 180, 233), (240, 228, 66), (213, 94, 0)
"""Colours of an overlay: window found, window missed, marked without being window. Sky blue, yellow
and vermilion of Okabe and Ito (2008), apart for every kind of colour blindness."""


def draw_curves(history: Sequence[EpochMetrics], path: Path) -> None:
    """Loss, Dice, learning rate and throughput by epoch, as a PNG."""
    from matplotlib.figure import Figure

    epochs = [metrics.epoch for metrics in history]
    figure = Figure(figsize=(14, 3.6), layout="constrained")
    loss, dice, rate, speed = figure.subplots(1, 4)
    loss.plot(epochs, [m.train_loss for m in history], label="train")
    loss.plot(epochs, [m.val_loss for m in history], label="validation")
    loss.set(title="Loss", xlabel="epoch", yscale="log")
    loss.legend()
    dice.plot(epochs, [m.val_dice for m in history])
    dice.set(title="Validation Dice", xlabel="epoch", ylim=(0.0, 1.0))
    rate.plot(epochs, [m.learning_rate for m in history])
    rate.set(title="Learning rate", xlabel="epoch")
    speed.plot(epochs, [m.images_per_second for m in history])
    speed.set(title="Pictures per second", xlabel="epoch", ylim=(0.0, None))
    for earlier, later in pairwise(history):
        if earlier.image_size_px != later.image_size_px:
            for axis in (loss, dice, rate, speed):
                axis.axvline(later.epoch - 0.5, color="grey", linestyle=":")
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def draw_probabilities(counts: ProbabilityCounts, path: Path) -> None:
    """The precision-recall curve and the reliability diagram, as a PNG."""
    from matplotlib.figure import Figure

    points, bins = counts.precision_recall(), counts.reliability()
    figure = Figure(figsize=(7.6, 3.6), layout="constrained")
    curve, calibration = figure.subplots(1, 2)
    curve.plot([point.recall for point in points], [point.precision for point in points])
    curve.set(title=f"Average precision {counts.average_precision:.3f}", xlabel="recall", ylabel="precision")
    calibration.plot((0.0, 1.0), (0.0, 1.0), color="grey", linestyle=":")
    calibration.plot([b.probability for b in bins], [b.window_share for b in bins], marker="o")
    title = f"Expected calibration error {counts.calibration_error:.4f}"
    calibration.set(title=title, xlabel="probability", ylabel="share that is window")
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def draw_overlays(
    pictures: NDArray[np.uint8],
    there: NDArray[np.bool_],
    found: NDArray[np.bool_],
    titles: Sequence[str],
    path: Path,
) -> None:
    """Samples side by side with what was found, missed and wrongly marked, as a PNG.

    Args:
        pictures: uint8, BxSxSx3.
        there: bool, BxSxS, the masks.
        found: bool, BxSxS, the predictions.
        titles: one for each sample.
        path: where the PNG goes.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * len(pictures), 3.3), layout="constrained")
    axes = figure.subplots(1, len(pictures), squeeze=False)[0]
    for axis, picture, target, marked, title in zip(axes, pictures, there, found, titles, strict=True):
        axis.imshow(overlay(picture, target, marked))
        axis.set_title(title, fontsize=8)
        axis.set_axis_off()
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=110)


def overlay(
    picture: NDArray[np.uint8], there: NDArray[np.bool_], found: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """A picture with its pixels tinted by `FOUND`, `MISSED` and `WRONG`; uint8, HxWx3."""
    tinted = picture.astype(np.float32)
    for where, colour in ((there & found, FOUND), (there & ~found, MISSED), (found & ~there, WRONG)):
        tinted[where] = 0.45 * tinted[where] + 0.55 * np.array(colour, dtype=np.float32)
    return tinted.round().astype(np.uint8)
