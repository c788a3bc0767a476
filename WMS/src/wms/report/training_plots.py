"""Plots of a training: how it went by epoch, and what its model's probabilities are worth."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from wms.domain.calibration import ProbabilityCounts
from wms.domain.training import TrainResult
from wms.report.figures import LIGHT, Plot, write_plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def training_plots(train: TrainResult, to: Path) -> tuple[Plot, ...]:
    """Draw a training into the folder `to`.

    Raises:
        StorageError: a file could not be written.
    """
    return (
        _learning_curves(train, to),
        _pace(train, to),
        _precision_recall(train.probabilities, train.threshold, to),
        _calibration(train.probabilities, to),
    )


def _learning_curves(train: TrainResult, to: Path) -> Plot:
    epochs = [item.epoch for item in train.epochs]
    dice = [item.val_dice for item in train.epochs]

    def draw(figure: Figure) -> None:
        losses, overlap = figure.subplots(1, 2)
        # Training is dashed, so that the two losses differ in black and white too.
        losses.plot(
            epochs, [e.train_loss for e in train.epochs], color=LIGHT.champion, ls="--", label="training"
        )
        losses.plot(epochs, [e.val_loss for e in train.epochs], color=LIGHT.candidate, label="validation")
        losses.set(title="Loss", xlabel="epoch", ylim=(0, None))
        losses.legend()
        overlap.plot(epochs, dice, color=LIGHT.candidate)
        overlap.set(title="Validation Dice", xlabel="epoch", ylim=(0, 1))
        for axes in (losses, overlap):
            axes.axvline(train.best_epoch, color=LIGHT.text, lw=0.8, ls=":")
            axes.margins(x=0.02)

    span = "1 epoch" if len(epochs) == 1 else f"{len(epochs)} epochs"
    alt = (
        f"Loss and validation Dice over {span}: validation Dice starts at {dice[0]:.2f} and reaches "
        f"{max(dice):.2f}; the weights of epoch {train.best_epoch} were kept."
    )
    caption = "Loss and validation Dice by epoch; the dotted line marks the epoch whose weights were kept."
    return write_plot(Plot(name="learning-curves", alt=alt, caption=caption), draw, (7.2, 2.7), to)


def _pace(train: TrainResult, to: Path) -> Plot:
    epochs = [item.epoch for item in train.epochs]
    speed = [item.images_per_second for item in train.epochs]
    changes = [b.epoch for a, b in pairwise(train.epochs) if a.image_size_px != b.image_size_px]

    def draw(figure: Figure) -> None:
        rate, throughput = figure.subplots(1, 2)
        rate.plot(epochs, [e.learning_rate for e in train.epochs], color=LIGHT.candidate)
        rate.set(title="Learning rate", xlabel="epoch", ylim=(0, None))
        throughput.plot(epochs, speed, color=LIGHT.candidate)
        throughput.set(title="Pictures per second", xlabel="epoch", ylim=(0, None))
        for axes in (rate, throughput):
            axes.margins(x=0.02)
            for epoch in changes:
                axes.axvline(epoch - 0.5, color=LIGHT.text, lw=0.8, ls=":")

    sizes = " then ".join(f"{size} px" for size in dict.fromkeys(e.image_size_px for e in train.epochs))
    alt = f"Learning rate and pictures per second by epoch, on pictures of {sizes}."
    caption = f"Learning rate and throughput by epoch, on pictures of {sizes}."
    return write_plot(Plot(name="pace", alt=alt, caption=caption), draw, (7.2, 2.2), to)


def _precision_recall(counts: ProbabilityCounts, threshold: float, to: Path) -> Plot:
    points = counts.precision_recall()
    chosen = min(points, key=lambda point: abs(point.threshold - threshold))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot([p.recall for p in points], [p.precision for p in points], color=LIGHT.candidate)
        axes.plot(chosen.recall, chosen.precision, marker="o", color=LIGHT.champion)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))

    alt = (
        f"Precision against recall over all validation pixels: at the model's threshold of {threshold:.2f} "
        f"precision is {chosen.precision:.2f}, recall {chosen.recall:.2f}."
    )
    average = f"average precision {counts.average_precision:.3f}"
    caption = f"Validation pixels; {average}. The dot is the model's threshold."
    return write_plot(Plot(name="precision-recall", alt=alt, caption=caption), draw, (3.5, 3.0), to)


def _calibration(counts: ProbabilityCounts, to: Path) -> Plot:
    bins = counts.reliability()

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot((0, 1), (0, 1), color=LIGHT.text, lw=0.8, ls=":")
        axes.plot(
            [b.probability for b in bins], [b.window_share for b in bins], color=LIGHT.candidate, marker="o"
        )
        axes.set(xlabel="probability", ylabel="share that is window", xlim=(0, 1), ylim=(0, 1))

    error = f"expected calibration error {counts.calibration_error:.4f}"
    alt = f"Share of validation pixels that are window, by predicted probability; {error}."
    caption = f"Validation pixels; {error}. On the dotted line probabilities are what they say."
    return write_plot(Plot(name="calibration", alt=alt, caption=caption), draw, (3.5, 3.0), to)
