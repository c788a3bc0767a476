"""How often each value of the measures came: of the images that judged a model, and of those it answers.

Both count in the same bins, which are fixed: so the service counts without knowing a model's reference, the
counts of several services and days add up, and the report may merge bins as the reference needs it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from wms.core.errors import RecordError
from wms.core.records.base import Frozen, Record, Sha256
from wms.core.records.measures import Measures


def _factors(low: float, high: float, per_decade: int) -> tuple[float, ...]:
    """Edges from `low` to `high` or just above, each the same factor above the one before."""
    edges = [low]
    while edges[-1] < high:
        edges.append(float(f"{low * 10 ** (len(edges) / per_decade):.4g}"))
    return tuple(edges)


EDGES: Mapping[str, tuple[float, ...]] = {
    "brightness": tuple(float(level) for level in range(4, 256, 4)),
    "sharpness": _factors(1.0, 20_000.0, 12),
    "size_px": _factors(64.0, 20_000.0, 48),
    # Below the first edge: no window.
    "coverage": _factors(0.00003, 0.9, 16),
    "confidence": tuple(number / 200 for number in range(1, 200)),
    "window_angle_degrees": tuple(float(angle) for angle in range(-40, 135, 5)),
}
"""The edges between the bins of each measure; a value on an edge is in the bin above it.

Fine enough that the report's groups of a tenth of the reference are hardly ever one bin's work.
"""

Counts = dict[str, tuple[NonNegativeInt, ...]]
"""By measure, how many values each bin has: one bin more than edges."""


def count(measures: Iterable[Measures]) -> Counts:
    """Count values in bins; a measure that is `None` is not counted."""
    counts = {name: [0] * (len(edges) + 1) for name, edges in EDGES.items()}
    for each in measures:
        for name, edges in EDGES.items():
            value = getattr(each, name)
            if value is not None:
                counts[name][bisect_right(edges, value)] += 1
    return {name: tuple(bins) for name, bins in counts.items()}


def added(several: Iterable[Counts]) -> Counts:
    """The sums, bin by bin."""
    empty = {name: (0,) * (len(edges) + 1) for name, edges in EDGES.items()}
    found = list(several)
    return {
        name: tuple(sum(bins) for bins in zip(zeros, *(each[name] for each in found), strict=True))
        for name, zeros in empty.items()
    }


class Binned(Record):
    """A record with counts; it keeps the edges that they were made with, which a later version may change."""

    edges: dict[str, tuple[float, ...]] = Field(default_factory=lambda: dict(EDGES))

    @model_validator(mode="after")
    def _fits_its_edges(self) -> Self:
        wanted = {name: len(edges) + 1 for name, edges in self.edges.items()}
        for counts in self._all_counts():
            if {name: len(bins) for name, bins in counts.items()} != wanted:
                raise ValueError("its counts do not fit its edges")
        return self

    @property
    def has_these_bins(self) -> bool:
        """Whether it was counted in the bins of this version of wms."""
        return self.edges == EDGES

    def _all_counts(self) -> Iterable[Counts]:
        raise NotImplementedError


class DriftReference(Binned):
    """`drift-reference.json` of a run: the measures of a model on images that it did not learn from.

    Those are `images` validation and test images of the run's dataset, which `samples_sha256` names
    (`dataset.samples_digest`); `onnx_sha256` names the model.
    """

    onnx_sha256: Sha256
    samples_sha256: Sha256
    images: PositiveInt
    counts: Counts

    def _all_counts(self) -> Iterable[Counts]:
        return (self.counts,)


class DayCounts(Frozen):
    """The images that one model answered on one day (UTC)."""

    day: date
    onnx_sha256: Sha256
    images: PositiveInt
    counts: Counts


class ServiceCounts(Binned):
    """What a service counted, by day and model; it names no image and no caller."""

    days: tuple[DayCounts, ...] = ()

    def _all_counts(self) -> Iterable[Counts]:
        return (each.counts for each in self.days)

    def of_model(self, onnx_sha256: str, *, since: date) -> Self:
        """The days of one model, from a day on."""
        kept = tuple(each for each in self.days if each.onnx_sha256 == onnx_sha256 and each.day >= since)
        return self.model_copy(update={"days": kept})

    @property
    def images(self) -> int:
        """Of all days."""
        return sum(each.images for each in self.days)


def together(services: Iterable[ServiceCounts]) -> ServiceCounts:
    """The counts of several services as those of one.

    Raises:
        RecordError: one was counted in other bins.
    """
    found = tuple(services)
    require_these_bins(*found)
    return ServiceCounts(days=tuple(chain.from_iterable(each.days for each in found)))


def require_these_bins(*records: Binned) -> None:
    """Check that counts may be compared and added.

    Raises:
        RecordError: one was counted in the bins of another version of wms.
    """
    for each in records:
        if not each.has_these_bins:
            raise RecordError(
                f"a {type(each).__name__} was counted in other bins than those of this wms",
                remedy="Use one version of wms for the service, the training and the report.",
            )


MeasureState = Literal["steady", "changed", "moved"]


class Share(Frozen):
    """One group of bins: its upper edge (`None` of the last), and the share of the values in it, in 0..1."""

    below: float | None
    reference: Annotated[float, Field(ge=0.0, le=1.0)]
    service: Annotated[float, Field(ge=0.0, le=1.0)]


class MeasureDrift(Frozen):
    """One measure compared; `groups` are tenths of the reference, as far as its values allow."""

    name: str
    state: MeasureState
    psi: Annotated[float, Field(ge=0.0)]
    distance: Annotated[float, Field(ge=0.0, le=1.0)]
    chance: Annotated[float, Field(ge=0.0, le=1.0)]
    groups: tuple[Share, ...]


class DriftReport(Record):
    """A service's images and masks against the reference of the model in production.

    `images` were answered by this model since `since`, `others` by another model in that time. `measures` is
    empty where there is no reference, or too few images (`verdict` says which).
    """

    verdict: Literal["steady", "moved", "too few", "no reference"]
    version: PositiveInt
    onnx_sha256: Sha256
    since: date
    images: NonNegativeInt
    others: NonNegativeInt
    least_images: PositiveInt
    reference_images: NonNegativeInt
    measures: tuple[MeasureDrift, ...] = ()

    @property
    def moved(self) -> tuple[str, ...]:
        """The measures that moved."""
        return tuple(each.name for each in self.measures if each.state == "moved")
