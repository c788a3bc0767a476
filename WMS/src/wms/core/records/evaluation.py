"""Scores of one model on one set of images."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wms.core.records.base import Record, Sha256
from wms.core.records.metrics import ImageScore, MetricSummary, summarise


class SampleScore(ImageScore):
    """The score of one image, at its own resolution."""

    stem: str


class EvalReport(Record):
    """A model's counts on a set of images; every summary follows from them.

    `samples_sha256` names the images and masks (`dataset.samples_digest`); two reports
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
        """Means over images."""
        return summarise(self.scores)
