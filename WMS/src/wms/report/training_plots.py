"""Plots of a training: how it went by epoch, and what its model's probabilities are worth.

A plot is described first and drawn where it is shown: as SVG in a page, as PNG elsewhere. Colours are those
of Okabe and Ito (2008), which colour-blind people can tell apart. matplotlib is imported only when
something is drawn.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from wms.core.records.calibration import ProbabilityCounts
from wms.core.records.training import EpochMetrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Draw = Callable[["Figure"], None]

TEXT, FAINT, CANDIDATE, CHAMPION = "#4a5058", "#d5d9de", "#0072b2", "#b35900"
ROLES = {TEXT: "--plot-text", FAINT: "--line", CANDIDATE: "--candidate", CHAMPION: "--champion"}
"""The CSS variable that a page sets for each colour, so that one drawing serves light and dark pages."""

PNG_DPI = 110


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A plot: its name, what it shows in words, its caption, its size, and how it is drawn."""

    name: str
    alt: str
    caption: str
    inches: tuple[float, float]
    draw: Draw

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

        with mpl.rc_context({**STYLE, "svg.hashsalt": self.name}):
            figure = Figure(figsize=self.inches, layout="constrained")
            self.draw(figure)
            for axes in figure.axes:
                _calm(axes)
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, **options)
        return buffer.getvalue()


def training_plots(
    epochs: Sequence[EpochMetrics], *, best_epoch: int, probabilities: ProbabilityCounts, threshold: float
) -> tuple[Plot, ...]:
    """The plots of one training.

    Args:
        epochs: all of them, in order.
        best_epoch: the one whose weights were kept.
        probabilities: of the validation pixels.
        threshold: above which the model calls a pixel window.
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

    def draw(figure: Figure) -> None:
        losses, overlap = figure.subplots(1, 2)
        # Training is dashed, so that the two losses differ in black and white too.
        losses.plot(epochs, [e.train_loss for e in history], color=CHAMPION, ls="--", label="training")
        losses.plot(epochs, [e.val_loss for e in history], color=CANDIDATE, label="validation")
        losses.set(title="Loss", xlabel="epoch", ylim=(0, None))
        losses.legend()
        overlap.plot(epochs, dice, color=CANDIDATE)
        overlap.set(title="Validation Dice", xlabel="epoch", ylim=(0, 1))
        for axes in (losses, overlap):
            axes.axvline(best_epoch, color=TEXT, lw=0.8, ls=":")
            axes.margins(x=0.02)

    span = "1 epoch" if len(epochs) == 1 else f"{len(epochs)} epochs"
    alt = (
        f"Loss and validation Dice over {span}: validation Dice starts at {dice[0]:.2f} and reaches "
        f"{max(dice):.2f}; the weights of epoch {best_epoch} were kept."
    )
    caption = "Loss and validation Dice by epoch; the dotted line marks the epoch whose weights were kept."
    return Plot(name="learning-curves", alt=alt, caption=caption, inches=(7.2, 2.7), draw=draw)


def _pace(history: Sequence[EpochMetrics]) -> Plot:
    epochs = [item.epoch for item in history]
    speed = [item.images_per_second for item in history]
    changes = [b.epoch for a, b in pairwise(history) if a.image_size_px != b.image_size_px]

    def draw(figure: Figure) -> None:
        rate, throughput = figure.subplots(1, 2)
        rate.plot(epochs, [e.learning_rate for e in history], color=CANDIDATE)
        rate.set(title="Learning rate", xlabel="epoch", ylim=(0, None))
        throughput.plot(epochs, speed, color=CANDIDATE)
        throughput.set(title="Pictures per second", xlabel="epoch", ylim=(0, None))
        for axes in (rate, throughput):
            axes.margins(x=0.02)
            for epoch in changes:
                axes.axvline(epoch - 0.5, color=TEXT, lw=0.8, ls=":")

    sizes = " then ".join(f"{size} px" for size in dict.fromkeys(e.image_size_px for e in history))
    alt = f"Learning rate and pictures per second by epoch, on pictures of {sizes}."
    caption = f"Learning rate and throughput by epoch, on pictures of {sizes}."
    return Plot(name="pace", alt=alt, caption=caption, inches=(7.2, 2.2), draw=draw)


def _precision_recall(counts: ProbabilityCounts, threshold: float) -> Plot:
    points = counts.precision_recall()
    chosen = min(points, key=lambda point: abs(point.threshold - threshold))

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
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

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot((0, 1), (0, 1), color=TEXT, lw=0.8, ls=":")
        axes.plot([b.probability for b in bins], [b.window_share for b in bins], color=CANDIDATE, marker="o")
        axes.set(xlabel="probability", ylabel="share that is window", xlim=(0, 1), ylim=(0, 1))

    error = f"expected calibration error {counts.calibration_error:.4f}"
    alt = f"Share of validation pixels that are window, by predicted probability; {error}."
    caption = f"Validation pixels; {error}. On the dotted line probabilities are what they say."
    return Plot(name="calibration", alt=alt, caption=caption, inches=(3.5, 3.0), draw=draw)


STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": TEXT,
    "axes.titlecolor": TEXT,
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


def _calm(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="both")
