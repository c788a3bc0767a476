"""A service's images and masks against the reference of its model: which measures moved.

A measure has moved where both hold, because each alone alarms wrongly:

* Its population stability index, over tenths of the reference, is above 0.25; up to 0.1 is no change, between
  them a small one (Lewis, An Introduction to Credit Scoring, 1994; Siddiqi, Credit Risk Scorecards, 2006). It
  says how large a change is. On few images it is large by chance, some (groups - 1) (1/n + 1/m) without any
  change, and on many a fixed limit misses nothing and proves nothing (Potgieter et al., arXiv 2307.11878).
* The two-sample Kolmogorov-Smirnov test says that chance does not explain it, at a level that Holm's method
  (Scandinavian Journal of Statistics 6, 1979) shares among the measures: `false_alarms` is the largest share
  of reports that alarm without any change. Its distance is taken at the edges of the bins, so it is at most
  the exact one, and the test errs on the quiet side.

The index is the symmetric divergence of Jeffreys, sum((q - p) ln(q / p)) over the groups' shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import log

import numpy as np
from numpy.typing import NDArray

from wms.core.records.drift import (
    EDGES,
    Counts,
    DriftReference,
    DriftReport,
    MeasureDrift,
    MeasureState,
    ServiceCounts,
    Share,
    added,
    require_these_bins,
)
from wms.core.records.promotion import ModelMetadata
from wms.core.settings.drift import DriftSettings

GROUPS = 10
"""Tenths of the reference, as scorecards have them."""

UNSEEN = 0.5
"""Added to each group's count, so that a group without images has a logarithm (Jeffreys' prior)."""


def compare(
    model: ModelMetadata,
    reference: DriftReference | None,
    service: ServiceCounts,
    *,
    since: date,
    settings: DriftSettings,
) -> DriftReport:
    """Compare what a service counted since a day with a model's reference.

    Args:
        model: in production.
        reference: its own, or `None`.
        service: the counts of all its services.
        since: the first day that counts.
        settings: least images, and when a measure has moved.

    Raises:
        RecordError: one was counted in other bins.
    """
    require_these_bins(service, *([reference] if reference else ()))
    recent = service.of_model(model.onnx_sha256, since=since)
    everything = sum(each.images for each in service.days if each.day >= since)
    enough = recent.images >= settings.min_images and reference is not None
    measures: tuple[MeasureDrift, ...] = ()
    if enough and reference is not None:
        total = added(each.counts for each in recent.days)
        measures = measured_drift(reference.counts, total, settings=settings)
    moved = any(each.state == "moved" for each in measures)
    return DriftReport(
        verdict="no reference"
        if reference is None
        else "too few"
        if not enough
        else "moved"
        if moved
        else "steady",
        version=model.version,
        onnx_sha256=model.onnx_sha256,
        since=since,
        images=recent.images,
        others=everything - recent.images,
        least_images=settings.min_images,
        reference_images=reference.images if reference else 0,
        measures=measures,
    )


def measured_drift(
    reference: Counts, service: Counts, *, settings: DriftSettings
) -> tuple[MeasureDrift, ...]:
    """Each measure that both have values of, compared."""
    pairs = {
        name: (np.array(reference[name], dtype=float), np.array(service[name], dtype=float)) for name in EDGES
    }
    # A window's angle is not there on images without a window; without any angle nothing can be said of it.
    pairs = {name: (old, new) for name, (old, new) in pairs.items() if old.sum() and new.sum()}
    tested = {name: kolmogorov_smirnov(old, new) for name, (old, new) in pairs.items()}
    unlikely = holm({name: chance for name, (_, chance) in tested.items()}, level=settings.false_alarms)
    found = []
    for name, (old, new) in pairs.items():
        psi, groups = stability(old, new, EDGES[name])
        state: MeasureState = "steady"
        if name in unlikely and psi > settings.psi_changed:
            state = "moved" if psi > settings.psi_moved else "changed"
        distance, chance = tested[name]
        found.append(
            MeasureDrift(name=name, state=state, psi=psi, distance=distance, chance=chance, groups=groups)
        )
    return tuple(found)


def stability(
    reference: NDArray[np.float64], service: NDArray[np.float64], edges: Sequence[float]
) -> tuple[float, tuple[Share, ...]]:
    """The population stability index over tenths of the reference, and those tenths.

    Bins are merged by where their middle lies in the reference; bins that it has no image in join their
    neighbours, so that values outside of it count in its first and last tenth.

    Args:
        reference: counts of its bins, not all 0.
        service: of the same bins, not all 0.
        edges: between the bins.
    """
    middle = (np.cumsum(reference) - reference / 2) / reference.sum()
    group = np.minimum((middle * GROUPS).astype(int), GROUPS - 1)
    old, new = (np.bincount(group, weights=counts, minlength=GROUPS) for counts in (reference, service))
    kept = np.flatnonzero(old + new)
    smooth_old, smooth_new = (
        (counts[kept] + UNSEEN) / (counts[kept] + UNSEEN).sum() for counts in (old, new)
    )
    psi = sum((b - a) * log(b / a) for a, b in zip(smooth_old, smooth_new, strict=True))
    last = {int(each): int(np.flatnonzero(group == each)[-1]) for each in kept}
    shares = tuple(
        Share(
            below=edges[last[each]] if last[each] < len(edges) else None,
            reference=float(old[each] / old.sum()),
            service=float(new[each] / new.sum()),
        )
        for each in map(int, kept)
    )
    return max(0.0, float(psi)), shares


def kolmogorov_smirnov(reference: NDArray[np.float64], service: NDArray[np.float64]) -> tuple[float, float]:
    """The largest distance between two distributions at the edges of their bins, and how likely chance is.

    The chance is asymptotic, as SciPy's `ks_2samp(mode="asymp")` takes it.

    Args:
        reference: counts of its bins, not all 0.
        service: of the same bins, not all 0.
    """
    from scipy.stats import kstwo  # takes a second to import

    n, m = reference.sum(), service.sum()
    distance = float(np.abs(np.cumsum(reference) / n - np.cumsum(service) / m).max())
    return min(1.0, distance), float(np.clip(kstwo.sf(distance, np.round(n * m / (n + m))), 0.0, 1.0))


def holm(chances: dict[str, float], *, level: float) -> frozenset[str]:
    """The tests that are significant, so that at most `level` of all families without an effect have one."""
    ordered = sorted(chances, key=lambda name: chances[name])
    for number, name in enumerate(ordered):
        if chances[name] > level / (len(ordered) - number):
            return frozenset(ordered[:number])
    return frozenset(ordered)
