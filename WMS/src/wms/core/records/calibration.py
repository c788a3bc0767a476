"""How a model's probabilities relate to the masks: counted in bins first, reduced later."""

from __future__ import annotations

from itertools import accumulate
from typing import Annotated, Self

from pydantic import Field, NonNegativeInt, model_validator

from wms.core.records.base import Frozen


class OperatingPoint(Frozen):
    """Precision and recall if every pixel at or above a threshold is marked."""

    threshold: float
    precision: float
    recall: float


class ReliabilityBin(Frozen):
    """Pixels with a probability in one bin: the bin's middle, and the share that is window."""

    probability: float
    window_share: float
    pixels: NonNegativeInt


class ProbabilityCounts(Frozen):
    """Pixels by probability, in bins of equal width over 0..1: those that are window, and the rest."""

    window: Annotated[tuple[NonNegativeInt, ...], Field(min_length=2)]
    rest: tuple[NonNegativeInt, ...]

    @model_validator(mode="after")
    def _same_bins(self) -> Self:
        if len(self.window) != len(self.rest):
            raise ValueError("window and rest must have the same bins")
        return self

    def precision_recall(self) -> tuple[OperatingPoint, ...]:
        """The precision-recall curve, thresholds falling; bins' lower edges are the thresholds.

        Where nothing is marked precision is 1, where no window exists recall is 1, as in `Confusion`.
        """
        bins, total = len(self.window), sum(self.window)
        found = list(accumulate(reversed(self.window)))
        marked = list(
            accumulate(w + r for w, r in zip(reversed(self.window), reversed(self.rest), strict=True))
        )
        return tuple(
            OperatingPoint(
                threshold=(bins - 1 - k) / bins,
                precision=found[k] / marked[k] if marked[k] else 1.0,
                recall=found[k] / total if total else 1.0,
            )
            for k in range(bins)
        )

    @property
    def average_precision(self) -> float:
        """The sum over thresholds of precision times the gain in recall, in 0..1 (scikit-learn's form)."""
        points = self.precision_recall()
        earlier = (0.0, *(point.recall for point in points))
        return sum(p.precision * (p.recall - before) for p, before in zip(points, earlier, strict=False))

    def reliability(self, bins: int = 10) -> tuple[ReliabilityBin, ...]:
        """The reliability diagram's bins that hold pixels (Niculescu-Mizil, Caruana 2005).

        Args:
            bins: how many; a divisor of the number that was counted.
        """
        width = len(self.window) // bins
        window, rest = (
            [sum(counts[k * width : (k + 1) * width]) for k in range(bins)]
            for counts in (self.window, self.rest)
        )
        return tuple(
            ReliabilityBin(probability=(k + 0.5) / bins, window_share=w / (w + r), pixels=w + r)
            for k, (w, r) in enumerate(zip(window, rest, strict=True))
            if w + r
        )

    @property
    def calibration_error(self) -> float:
        """Expected calibration error (Naeini et al. 2015), in 0..1, over the counted bins.

        The mean over pixels of the distance between a bin's middle and its share of window.
        """
        bins = self.reliability(len(self.window))
        total = sum(item.pixels for item in bins)
        gaps = (item.pixels * abs(item.probability - item.window_share) for item in bins)
        return sum(gaps) / total if total else 0.0
