"""Plots of a run as SVG files, each drawn for light and for dark pages.

Colours are those of Okabe and Ito (2008), which colour-blind people can tell apart. matplotlib is
imported only when something is drawn.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wms.domain.dataset import SPLITS
from wms.domain.metrics import FAILURE_DICE
from wms.domain.split import SplitPlan
from wms.domain.training import TrainResult
from wms.files import write_bytes
from wms.report import facts
from wms.report.records import RunRecords

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours of one rendering."""

    suffix: str
    text: str
    faint: str
    candidate: str
    champion: str


LIGHT = Theme(suffix="", text="#4a5058", faint="#d5d9de", candidate="#0072b2", champion="#b35900")
DARK = Theme(suffix="-dark", text="#b4bac2", faint="#3a4048", candidate="#56b4e9", champion="#e69f00")


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A plot's files (names beside the page), what it shows in words, and its caption."""

    name: str
    alt: str
    caption: str

    @property
    def light(self) -> str:
        """File name of the rendering for light pages."""
        return f"{self.name}{LIGHT.suffix}.svg"

    @property
    def dark(self) -> str:
        """File name of the rendering for dark pages."""
        return f"{self.name}{DARK.suffix}.svg"


Draw = Callable[["Figure"], None]


def write_plots(records: RunRecords, to: Path) -> tuple[Plot, ...]:
    """Draw whatever the records allow into the folder `to`.

    Raises:
        StorageError: a file could not be written.
    """
    plots = []
    if records.train is not None and records.train.epochs:
        plots.append(_learning_curves(records.train, to))
    if pairs := facts.dice_pairs(records):
        plots.append(_dice_scatter(pairs, to))
    if records.evaluation is not None:
        champion = records.evaluation_champion
        plots.append(
            _dice_histogram(
                [score.dice for score in records.evaluation.scores],
                [score.dice for score in champion.scores] if champion else None,
                to,
            )
        )
    if records.split is not None:
        plots.append(_split_sizes(records.split, to))
    return tuple(plots)


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
    return _write(Plot(name="learning-curves", alt=alt, caption=caption), draw, (7.2, 2.7), to)


def _dice_scatter(pairs: Sequence[tuple[str, float, float]], to: Path) -> Plot:
    # Both axes start at the same tenth below the worst picture, so that good models do not crowd a corner.
    low = math.floor(10 * min(min(ours, theirs) for _, ours, theirs in pairs)) / 10
    limits = (min(low, 0.9), 1.0)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(limits, limits, color=LIGHT.text, lw=0.8, ls=":")
        axes.scatter(
            [theirs for _, _, theirs in pairs],
            [ours for _, ours, _ in pairs],
            s=16,
            color=LIGHT.candidate,
            alpha=0.65,
            linewidths=0,
            clip_on=False,
        )
        axes.set(
            xlabel="champion's Dice", ylabel="candidate's Dice", xlim=limits, ylim=limits, aspect="equal"
        )

    counts = facts.tally(pairs)
    alt = (
        f"Dice of {len(pairs)} test pictures, champion against candidate: the candidate is better on "
        f"{counts.better}, worse on {counts.worse}, equal on {counts.equal}."
    )
    caption = "Every dot is a test picture; above the dotted line the candidate is better."
    return _write(Plot(name="dice-by-picture", alt=alt, caption=caption), draw, (3.5, 3.3), to)


def _dice_histogram(candidate: Sequence[float], champion: Sequence[float] | None, to: Path) -> Plot:
    bins = [step / 20 for step in range(21)]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.hist(candidate, bins=bins, color=LIGHT.candidate, alpha=0.75, label="candidate")
        if champion is not None:
            axes.hist(
                champion, bins=bins, histtype="step", color=LIGHT.champion, linewidth=1.6, label="champion"
            )
        axes.axvline(FAILURE_DICE, color=LIGHT.text, lw=0.8, ls=":")
        axes.set(xlabel="Dice", ylabel="test pictures", xlim=(0, 1))
        axes.locator_params(axis="y", integer=True)
        axes.legend(loc="upper left")

    failures = sum(value < FAILURE_DICE for value in candidate)
    alt = f"Distribution of Dice over {len(candidate)} test pictures; the candidate fails on {failures}."
    if champion is not None:
        alt = f"{alt[:-1]}, the champion on {sum(value < FAILURE_DICE for value in champion)}."
    caption = (
        "How many test pictures reach which Dice; left of the dotted line a picture counts as a failure."
    )
    return _write(Plot(name="dice-histogram", alt=alt, caption=caption), draw, (3.7, 3.3), to)


def _split_sizes(split: SplitPlan, to: Path) -> Plot:
    sizes = [split.train, split.val, split.test]
    added = [sum(item.split == name for item in split.assigned) for name in SPLITS]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        before = [size - new for size, new in zip(sizes, added, strict=True)]
        axes.barh(SPLITS, before, height=0.55, color=LIGHT.candidate, label="unchanged")
        axes.barh(SPLITS, added, left=before, height=0.55, color=LIGHT.champion, label="added or replaced")
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
    caption = "Samples by split after this run."
    return _write(
        Plot(name="split-sizes", alt=f"Samples by split: {parts}.", caption=caption), draw, (7.2, 1.7), to
    )


def _write(plot: Plot, draw: Draw, inches: tuple[float, float], to: Path) -> Plot:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_style(LIGHT)):
        figure = Figure(figsize=inches, layout="constrained")
        draw(figure)
        for axes in figure.axes:
            _calm(axes)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue().decode()
    write_bytes(to / plot.light, svg.encode())
    # Drawing is slow, and the two renderings differ in nothing but these colours.
    for field in ("text", "faint", "candidate", "champion"):
        svg = svg.replace(getattr(LIGHT, field), getattr(DARK, field))
    write_bytes(to / plot.dark, svg.encode())
    return plot


def _style(theme: Theme) -> dict[str, object]:
    return {
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.titlelocation": "left",
        "axes.edgecolor": theme.faint,
        "axes.labelcolor": theme.text,
        "axes.titlecolor": theme.text,
        "text.color": theme.text,
        "xtick.color": theme.faint,
        "ytick.color": theme.faint,
        "xtick.labelcolor": theme.text,
        "ytick.labelcolor": theme.text,
        "grid.color": theme.faint,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 1.6,
        "svg.fonttype": "none",
        "svg.hashsalt": "wms",
    }


def _calm(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="both")
