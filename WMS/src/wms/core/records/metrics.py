"""Metrics of a binary segmentation: overlap from counts, and how far the outlines lie apart.

Count first, reduce later: each image's confusion counts are recorded, and every summary is
computed from them. A mean is over images, never over batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import fmean, median

from pydantic import NonNegativeFloat, NonNegativeInt

from wms.core.records.base import Frozen
from wms.core.words import counted

FAILURE_DICE = 0.5
"""An image below this Dice counts as a failure: the window was not found in any useful sense."""


class Confusion(Frozen):
    """Pixel counts of one image: true and false positives, false and true negatives."""

    tp: NonNegativeInt
    fp: NonNegativeInt
    fn: NonNegativeInt
    tn: NonNegativeInt

    @property
    def dice(self) -> float:
        """2·tp / (2·tp + fp + fn), in 0..1 (Dice 1945; equal to F1).

        The empty-mask rule: with nothing to find and nothing found it is 1, because the answer is
        right; with either alone empty the formula gives 0 by itself.
        """
        denominator = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / denominator if denominator else 1.0

    @property
    def iou(self) -> float:
        """tp / (tp + fp + fn), in 0..1 (Jaccard 1912); the empty-mask rule as for `dice`."""
        denominator = self.tp + self.fp + self.fn
        return self.tp / denominator if denominator else 1.0

    @property
    def precision(self) -> float:
        """tp / (tp + fp), in 0..1; 1 when nothing was marked and nothing was there, else 0."""
        marked = self.tp + self.fp
        return self.tp / marked if marked else float(self.fn == 0)

    @property
    def recall(self) -> float:
        """tp / (tp + fn), in 0..1; 1 when nothing was there and nothing was marked, else 0."""
        there = self.tp + self.fn
        return self.tp / there if there else float(self.fp == 0)


class Boundary(Frozen):
    """How well the outline fits: the boundary F-score in 0..1, the Hausdorff 95 distance in pixels.

    Formulas and their sources stand where they are computed, in `imaging/compare.py`.
    """

    f1: float
    hausdorff95_px: NonNegativeFloat


class ImageScore(Confusion):
    """What is known of one image: its counts and its outline."""

    boundary: Boundary


class MetricSummary(Frozen):
    """The values of `METRICS` on a set of images.

    A field that is added later has the default `None`, so that earlier records stay readable.
    """

    pictures: NonNegativeInt
    dice: float
    dice_median: float
    iou: float
    precision: float
    recall: float
    boundary_f1: float
    hausdorff95_px: NonNegativeFloat
    failures: NonNegativeInt


@dataclass(frozen=True)
class Metric:
    """One row of `METRICS`.

    Args:
        name: how people call it.
        field: its field of `MetricSummary`.
        of: its value for one image.
        reduce: makes one value of those of all images.
        higher_is_better: whether a larger value is the better one.
        unit: the unit, if it has one.
        gated: the first rule of the gate (`gate/decide.py`) that promotes only if the difference is above
            zero; 0 if no rule asks for it. Such a metric has `floor_<field>` in `GatePolicy` and
            `<field>_difference` in `GateDecision`, and higher is better.
        digits: decimals that are shown.
    """

    name: str
    field: str
    of: Callable[[ImageScore], float]
    reduce: Callable[[Sequence[float]], float] = fmean
    higher_is_better: bool = True
    unit: str = ""
    gated: int = 0
    digits: int = 4

    @property
    def label(self) -> str:
        """Name, unit and direction, as `Hausdorff 95 (px, lower is better)`."""
        notes = ", ".join(filter(None, (self.unit, "" if self.higher_is_better else "lower is better")))
        return f"{self.name} ({notes})" if notes else self.name

    def value(self, summary: MetricSummary) -> float | None:
        """Its value in a summary; `None` in one that is older than the metric."""
        value: float | None = getattr(summary, self.field)
        return value

    def shown(self, summary: MetricSummary) -> str:
        """Its value as text; empty in a summary that is older than the metric."""
        value = self.value(summary)
        return "" if value is None else f"{value:.{self.digits}f}"


METRICS = (
    Metric("Dice", "dice", attrgetter("dice"), gated=1),
    Metric("Dice, median", "dice_median", attrgetter("dice"), median),
    Metric("IoU", "iou", attrgetter("iou"), gated=1),
    Metric("Precision", "precision", attrgetter("precision")),
    Metric("Recall", "recall", attrgetter("recall")),
    Metric("Boundary F-score", "boundary_f1", attrgetter("boundary.f1")),
    Metric(
        "Hausdorff 95",
        "hausdorff95_px",
        attrgetter("boundary.hausdorff95_px"),
        higher_is_better=False,
        unit="px",
        digits=1,
    ),
    Metric(
        "Failures",
        "failures",
        lambda score: score.dice < FAILURE_DICE,
        sum,
        higher_is_better=False,
        digits=0,
    ),
)
"""Every metric, in the order of the tables: what is computed, compared, decided on and shown."""

GATED = tuple(metric for metric in METRICS if metric.gated)


def summarise(scores: Sequence[ImageScore]) -> MetricSummary:
    """Reduce per-image scores to one value of each metric.

    Raises:
        ValueError: no images; a mean of nothing is not defined.
    """
    if not scores:
        raise ValueError("metrics of no images are not defined")
    values = {metric.field: metric.reduce([metric.of(score) for score in scores]) for metric in METRICS}
    return MetricSummary(pictures=len(scores), **values)


def headline(summary: MetricSummary) -> str:
    """The metrics that the gate decides on, as `Dice 0.8135, IoU 0.7004 on 24 test images`."""
    values = ", ".join(f"{metric.name} {metric.shown(summary)}" for metric in GATED)
    return f"{values} on {counted(summary.pictures, 'test image')}"
