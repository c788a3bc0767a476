"""Scores of one model on one set of pictures."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wms.core.records.base import Record, Sha256
from wms.core.records.metrics import MetricSummary, PictureScore, summarise


class SampleScore(PictureScore):
    """The score of one picture, at its own resolution."""

    stem: str


class EvalReport(Record):
    """A model's counts on a set of pictures; every summary follows from them.

    `samples_sha256` names the pictures and masks (`domain.dataset.samples_digest`); two reports
    compare only where it is equal. `threshold` is the probability above which a pixel counts as
    register window.
    """

    weights_sha256: Sha256
    onnx_sha256: Sha256
    samples_sha256: Sha256
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)]
    scores: Annotated[tuple[SampleScore, ...], Field(min_length=1)]

    @property
    def summary(self) -> MetricSummary:
        """Means over pictures."""
        return summarise(self.scores)
