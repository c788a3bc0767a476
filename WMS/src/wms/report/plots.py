"""Plots of a training and of a run.

A plot is described first and drawn where it is shown: as SVG in the run's page, as PNG elsewhere. Colours are
those of Okabe and Ito (2008), which colour-blind people can tell apart. matplotlib is imported only when
something is drawn.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from wms.core.records.calibration import ProbabilityCounts
from wms.core.records.dataset import SPLITS
from wms.core.records.metrics import FAILURE_DICE
from wms.core.records.split import SplitPlan
from wms.core.records.training import EpochMetrics
from wms.core.words import counted
from wms.report.view import Pair, RunView, tally

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TEXT, FAINT, CANDIDATE, CHAMPION = "#4a5058", "#d5d9de", "#0072b2", "#b35900"
ROLES = {TEXT: "--plot-text", FAINT: "--line", CANDIDATE: "--candidate", CHAMPION: "--champion"}
"""The CSS variable that a page sets for each colour, so that one drawing serves light and dark pages."""

PNG_DPI = 110

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": TEXT,
    "axes.titlecolor": TEXT,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": TEXT,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": TEXT,
    "ytick.labelcolor": TEXT,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",
}
DOTTED: dict[str, Any] = {"color": TEXT, "lw": 0.8, "ls": ":"}
"""A line that helps to read a plot."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A plot: its name, what it shows in words, its caption, its size, and how its panels are drawn."""

    name: str
    alt: str
    caption: str
    inches: tuple[float, float]
    draw: Callable[..., None]
    panels: int = 1

    def svg(self) -> str:
        """The plot as an `<svg>` element for a page that sets the variables of `ROLES`."""
        text = self._rendered("svg", transparent=True, metadata={"Date": None}).decode()
        text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
        for colour, variable in ROLES.items():
            text = text.replace(colour, f"var({variable})")
        # Nothing refers to a group, and two plots of one page must not share an id.
        return re.sub(r'<g id="[^"]*">', "<g>", text[text.index("<svg ") :])

    def png(self) -> bytes:
        """The plot as a PNG on white."""
        return self._rendered("png", dpi=PNG_DPI)

    def _rendered(self, kind: str, **options: Any) -> bytes:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        buffer = io.BytesIO()
        with mpl.rc_context({**STYLE, "svg.hashsalt": self.name}):
            figure = Figure(figsize=self.inches, layout="constrained")
            self.draw(*figure.subplots(1, self.panels, squeeze=False)[0])
            figure.savefig(buffer, format=kind, **options)
        return buffer.getvalue()


def plots_of(run: RunView) -> Iterator[Plot]:
    """Every plot for which the run has the records."""
    records, champion = run.records, run.records.evaluation_champion
    if (train := records.train) is not None:
        yield from training_plots(
            train.epochs,
            best_epoch=train.best_epoch,
            probabilities=train.probabilities,
            threshold=train.threshold,
        )
    if run.pairs:
        yield _dice_scatter(run.pairs)
    if records.evaluation is not None:
        yield _dice_histogram(
            [score.dice for score in records.evaluation.scores],
            [score.dice for score in champion.scores] if champion else None,
        )
    if records.split is not None:
        yield _split_sizes(records.split)


def training_plots(
    epochs: Sequence[EpochMetrics], *, best_epoch: int, probabilities: ProbabilityCounts, threshold: float
) -> tuple[Plot, ...]:
    """The plots of one training.

    Args:
        epochs: all of them, in order.
        best_epoch: the one whose weights were kept.
        probabilities: of the validation pixels.
        threshold: the model calls a pixel window above this probability.
    """
    return (
        learning_curves(epochs, best_epoch),
        _pace(epochs),
        _precision_recall(probabilities, threshold),
        _calibration(probabilities),
    )


def learning_curves(history: Sequence[EpochMetrics], best_epoch: int) -> Plot:
    """Loss and Dice by epoch."""
    epochs = [item.epoch for item in history]
    dice = [item.val_dice for item in history]

    def draw(losses: Axes, overlap: Axes) -> None:
        # Training is dashed, so that the two losses differ in black and white too.
        losses.plot(epochs, [e.train_loss for e in history], color=CHAMPION, ls="--", label="training")
        losses.plot(epochs, [e.val_loss for e in history], color=CANDIDATE, label="validation")
        losses.set(title="Loss", xlabel="epoch", ylim=(0, None))
        losses.legend()
        overlap.plot(epochs, dice, color=CANDIDATE)
        overlap.set(title="Validation Dice", xlabel="epoch", ylim=(0, 1))
        for axes in (losses, overlap):
            axes.axvline(best_epoch, **DOTTED)
            axes.margins(x=0.02)

    alt = (
        f"Loss and validation Dice over {counted(len(epochs), 'epoch')}: validation Dice starts at "
        f"{dice[0]:.2f} and reaches {max(dice):.2f}; the weights of epoch {best_epoch} were kept."
    )
    caption = "Loss and validation Dice by epoch. The dotted line marks the epoch whose weights were kept."
    return Plot(name="learning-curves", alt=alt, caption=caption, inches=(7.2, 2.7), draw=draw, panels=2)


def _pace(history: Sequence[EpochMetrics]) -> Plot:
    epochs = [item.epoch for item in history]
    changes = [b.epoch for a, b in pairwise(history) if a.image_size_px != b.image_size_px]

    def draw(rate: Axes, throughput: Axes) -> None:
        rate.plot(epochs, [e.learning_rate for e in history], color=CANDIDATE)
        rate.set(title="Learning rate", xlabel="epoch", ylim=(0, None))
        throughput.plot(epochs, [e.images_per_second for e in history], color=CANDIDATE)
        throughput.set(title="Images per second", xlabel="epoch", ylim=(0, None))
        for axes in (rate, throughput):
            axes.margins(x=0.02)
            for epoch in changes:
                axes.axvline(epoch - 0.5, **DOTTED)

    sizes = " then ".join(f"{size} px" for size in dict.fromkeys(e.image_size_px for e in history))
    caption = f"Learning rate and throughput by epoch, on images of {sizes}."
    alt = caption.replace("throughput", "images per second")
    return Plot(name="pace", alt=alt, caption=caption, inches=(7.2, 2.2), draw=draw, panels=2)


def _precision_recall(counts: ProbabilityCounts, threshold: float) -> Plot:
    points = counts.precision_recall()
    chosen = min(points, key=lambda point: abs(point.threshold - threshold))

    def draw(axes: Axes) -> None:
        axes.plot([p.recall for p in points], [p.precision for p in points], color=CANDIDATE)
        axes.plot(chosen.recall, chosen.precision, marker="o", color=CHAMPION)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))

    alt = (
        f"Precision against recall over all validation pixels: at the model's threshold of {threshold:.2f} "
        f"precision is {chosen.precision:.2f}, recall {chosen.recall:.2f}."
    )
    average = f"average precision {counts.average_precision:.3f}"
    caption = f"Validation pixels; {average}. The dot is the model's threshold."
    return Plot(name="precision-recall", alt=alt, caption=caption, inches=(3.5, 3.0), draw=draw)


def _calibration(counts: ProbabilityCounts) -> Plot:
    bins = counts.reliability()

    def draw(axes: Axes) -> None:
        axes.plot((0, 1), (0, 1), **DOTTED)
        axes.plot([b.probability for b in bins], [b.window_share for b in bins], color=CANDIDATE, marker="o")
        axes.set(xlabel="probability", ylabel="share that is window", xlim=(0, 1), ylim=(0, 1))

    error = f"expected calibration error {counts.calibration_error:.4f}"
    alt = f"Share of validation pixels that are window, by predicted probability; {error}."
    caption = f"Validation pixels; {error}. A calibrated model follows the dotted line."
    return Plot(name="calibration", alt=alt, caption=caption, inches=(3.5, 3.0), draw=draw)


def _dice_scatter(pairs: Sequence[Pair]) -> Plot:
    # Both axes start at the tenth below the worst image, so that good models do not crowd a corner.
    low = math.floor(10 * min(min(pair[1:]) for pair in pairs)) / 10
    limits = (min(low, 0.9), 1.0)

    def draw(axes: Axes) -> None:
        axes.plot(limits, limits, **DOTTED)
        theirs, ours = [pair.champion for pair in pairs], [pair.candidate for pair in pairs]
        axes.scatter(theirs, ours, s=16, color=CANDIDATE, alpha=0.65, linewidths=0, clip_on=False)
        axes.set(xlabel="champion's Dice", ylabel="candidate's Dice", aspect="equal")
        axes.set(xlim=limits, ylim=limits)

    counts = tally(pairs)
    alt = (
        f"Dice of {len(pairs)} test images, champion against candidate: the candidate is better on "
        f"{counts.better}, worse on {counts.worse}, equal on {counts.equal}."
    )
    caption = "Every dot is a test image; above the dotted line the candidate is better."
    return Plot(name="dice-by-image", alt=alt, caption=caption, inches=(3.5, 3.3), draw=draw)


def _dice_histogram(candidate: Sequence[float], champion: Sequence[float] | None) -> Plot:
    bins = [step / 20 for step in range(21)]

    def draw(axes: Axes) -> None:
        axes.hist(candidate, bins=bins, color=CANDIDATE, alpha=0.75, label="candidate")
        if champion is not None:
            axes.hist(champion, bins=bins, histtype="step", color=CHAMPION, linewidth=1.6, label="champion")
        axes.axvline(FAILURE_DICE, **DOTTED)
        axes.set(xlabel="Dice", ylabel="test images", xlim=(0, 1))
        axes.locator_params(axis="y", integer=True)
        axes.legend(loc="upper left")

    failures = sum(value < FAILURE_DICE for value in candidate)
    alt = f"Distribution of Dice over {len(candidate)} test images; the candidate fails on {failures}."
    if champion is not None:
        alt = f"{alt[:-1]}, the champion on {sum(value < FAILURE_DICE for value in champion)}."
    caption = "How many test images reach which Dice. Left of the dotted line an image counts as a failure."
    return Plot(name="dice-histogram", alt=alt, caption=caption, inches=(3.7, 3.3), draw=draw)


def _split_sizes(split: SplitPlan) -> Plot:
    sizes = [split.train, split.val, split.test]
    added = [sum(item.split == name for item in split.assigned) for name in SPLITS]

    def draw(axes: Axes) -> None:
        before = [size - new for size, new in zip(sizes, added, strict=True)]
        axes.barh(SPLITS, before, height=0.55, color=CANDIDATE, label="unchanged")
        axes.barh(SPLITS, added, left=before, height=0.55, color=CHAMPION, label="added or replaced")
        for row, (size, new) in enumerate(zip(sizes, added, strict=True)):
            note = f"{size} (+{new})" if new else str(size)
            axes.annotate(note, (size, row), xytext=(6, 0), textcoords="offset points", va="center")
        axes.invert_yaxis()
        axes.set(xlabel="samples", xlim=(0, max(*sizes, 1) * 1.18))
        axes.tick_params(axis="y", length=0)
        axes.legend(loc="lower right")

    parts = ", ".join(
        f"{name} {size} ({new} by this run)" for name, size, new in zip(SPLITS, sizes, added, strict=True)
    )
    alt = f"Samples by split: {parts}."
    caption = "Samples by split after this run."
    return Plot(name="split-sizes", alt=alt, caption=caption, inches=(7.2, 1.7), draw=draw)
