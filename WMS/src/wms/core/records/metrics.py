"""Metrics of a binary segmentation: overlap from counts, and how far the outlines lie apart.

Count first, reduce later: each picture's confusion counts are recorded, and every summary is
computed from them. A mean is over pictures, never over batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from pydantic import NonNegativeFloat, NonNegativeInt

from wms.core.records.base import Frozen

FAILURE_DICE = 0.5
"""A picture below this Dice counts as a failure: the window was not found in any useful sense."""


class Confusion(Frozen):
    """Pixel counts of one picture: true and false positives, false and true negatives."""

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


class PictureScore(Confusion):
    """What is known of one picture: its counts and its outline."""

    boundary: Boundary


class MetricSummary(Frozen):
    """Means over pictures of the per-picture metrics: in 0..1, `hausdorff95_px` in pixels.

    `failures` counts the pictures with a Dice below `FAILURE_DICE`.
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


def summarise(scores: Sequence[PictureScore]) -> MetricSummary:
    """Reduce per-picture scores to means over pictures.

    Raises:
        ValueError: no pictures; a mean of nothing is not defined.
    """
    if not scores:
        raise ValueError("metrics of no pictures are not defined")
    dice = [item.dice for item in scores]
    return MetricSummary(
        pictures=len(scores),
        dice=fmean(dice),
        dice_median=median(dice),
        iou=fmean(item.iou for item in scores),
        precision=fmean(item.precision for item in scores),
        recall=fmean(item.recall for item in scores),
        boundary_f1=fmean(item.boundary.f1 for item in scores),
        hausdorff95_px=fmean(item.boundary.hausdorff95_px for item in scores),
        failures=sum(value < FAILURE_DICE for value in dice),
    )
