"""Plots of a run: its test pictures, its data, and those of its training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wms.core.records.dataset import SPLITS
from wms.core.records.metrics import FAILURE_DICE
from wms.core.records.split import SplitPlan
from wms.report import facts
from wms.report.records import RunRecords
from wms.report.training_plots import CANDIDATE, CHAMPION, TEXT, Plot, training_plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plots_of(records: RunRecords) -> tuple[Plot, ...]:
    """Whatever the records allow to draw."""
    plots: list[Plot] = []
    if (train := records.train) is not None:
        plots += training_plots(
            train.epochs,
            best_epoch=train.best_epoch,
            probabilities=train.probabilities,
            threshold=train.threshold,
        )
    if pairs := facts.dice_pairs(records):
        plots.append(_dice_scatter(pairs))
    if records.evaluation is not None:
        champion = records.evaluation_champion
        plots.append(
            _dice_histogram(
                [score.dice for score in records.evaluation.scores],
                [score.dice for score in champion.scores] if champion else None,
            )
        )
    if records.split is not None:
        plots.append(_split_sizes(records.split))
    return tuple(plots)


def _dice_scatter(pairs: Sequence[tuple[str, float, float]]) -> Plot:
    # Both axes start at the same tenth below the worst picture, so that good models do not crowd a corner.
    low = math.floor(10 * min(min(ours, theirs) for _, ours, theirs in pairs)) / 10
    limits = (min(low, 0.9), 1.0)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(limits, limits, color=TEXT, lw=0.8, ls=":")
        axes.scatter(
            [theirs for _, _, theirs in pairs],
            [ours for _, ours, _ in pairs],
            s=16,
            color=CANDIDATE,
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
    return Plot(name="dice-by-picture", alt=alt, caption=caption, inches=(3.5, 3.3), draw=draw)


def _dice_histogram(candidate: Sequence[float], champion: Sequence[float] | None) -> Plot:
    bins = [step / 20 for step in range(21)]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.hist(candidate, bins=bins, color=CANDIDATE, alpha=0.75, label="candidate")
        if champion is not None:
            axes.hist(champion, bins=bins, histtype="step", color=CHAMPION, linewidth=1.6, label="champion")
        axes.axvline(FAILURE_DICE, color=TEXT, lw=0.8, ls=":")
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
    return Plot(name="dice-histogram", alt=alt, caption=caption, inches=(3.7, 3.3), draw=draw)


def _split_sizes(split: SplitPlan) -> Plot:
    sizes = [split.train, split.val, split.test]
    added = [sum(item.split == name for item in split.assigned) for name in SPLITS]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
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
    caption = "Samples by split after this run."
    alt = f"Samples by split: {parts}."
    return Plot(name="split-sizes", alt=alt, caption=caption, inches=(7.2, 1.7), draw=draw)
