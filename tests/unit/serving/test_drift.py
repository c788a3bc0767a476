"""The report on measures that are drawn, not rendered: its alarms, its silence, and its false-alarm rate."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from factories import make_metadata, sha256
from wms.core.errors import RecordError
from wms.core.records.drift import (
    EDGES,
    DayCounts,
    DriftReference,
    DriftReport,
    ServiceCounts,
    count,
    together,
)
from wms.core.records.measures import Measures
from wms.core.settings import DriftSettings, load_drift_settings
from wms.serving.drift import compare, holm, kolmogorov_smirnov, stability
from workflows.files import ROOT

TODAY = date(2026, 11, 30)
MODEL = make_metadata(3)
SETTINGS = load_drift_settings(ROOT)


def drawn(number: int, *, seed: int, brightness: float = 100.0, window: float = 1.0) -> list[Measures]:
    """Images as field photographs are: one size mostly, windows mostly level, `window` of them found."""
    rng = np.random.default_rng(seed)
    return [
        Measures(
            brightness=float(np.clip(rng.normal(brightness, 35), 0, 255)),
            sharpness=float(np.exp(rng.normal(5.8, 0.6))),
            size_px=int(rng.choice([1333, 1333, 1333, 1778])),
            coverage=float(np.exp(rng.normal(-3.9, 0.5))) if found else 0.0,
            confidence=float(rng.beta(30, 2)) if found else 0.0,
            window_angle_degrees=float(np.clip(rng.normal(0, 15), -45, 134)) if found else None,
        )
        for found in rng.random(number) < window
    ]


def make_reference(measured: list[Measures]) -> DriftReference:
    return DriftReference(
        onnx_sha256=MODEL.onnx_sha256,
        samples_sha256=sha256("samples"),
        images=len(measured),
        counts=count(measured),
    )


def served(measured: list[Measures], *, day: date = TODAY, onnx: str = MODEL.onnx_sha256) -> DayCounts:
    return DayCounts(day=day, onnx_sha256=onnx, images=len(measured), counts=count(measured))


def reported(
    service: list[Measures], *, reference: DriftReference | None = None, settings: DriftSettings = SETTINGS
) -> DriftReport:
    return compare(
        MODEL,
        reference or make_reference(drawn(140, seed=1)),
        ServiceCounts(days=(served(service),)),
        since=TODAY,
        settings=settings,
    )


def test_images_like_the_reference_raise_no_alarm() -> None:
    found = reported(drawn(400, seed=2))
    assert (found.verdict, found.moved) == ("steady", ())


def test_darker_images_move_the_brightness_alone() -> None:
    found = reported(drawn(400, seed=2, brightness=50.0))
    assert (found.verdict, found.moved) == ("moved", ("brightness",))


def test_windows_that_are_not_found_move_the_outputs() -> None:
    found = reported(drawn(400, seed=2, window=0.5))
    assert set(found.moved) == {"coverage", "confidence"}


def test_a_size_that_the_reference_does_not_have_is_seen_between_two_that_it_has() -> None:
    other = [each.model_copy(update={"size_px": 1500}) for each in drawn(400, seed=2)]
    assert reported(other).moved == ("size_px",)


def test_a_service_that_finds_no_window_at_all_has_no_angle_to_compare() -> None:
    found = reported(drawn(400, seed=2, window=0.0))
    assert "window_angle_degrees" not in {each.name for each in found.measures}
    assert found.verdict == "moved"


def test_a_small_change_on_many_images_is_named_and_is_no_alarm() -> None:
    reference = make_reference(drawn(5000, seed=1))
    found = reported(drawn(5000, seed=2, brightness=113.0), reference=reference)
    states = {each.name: each.state for each in found.measures}
    assert states["brightness"] == "changed"
    assert found.verdict == "steady"


def test_a_large_change_on_few_images_is_chance() -> None:
    few = SETTINGS.model_copy(update={"min_images": 30})
    verdicts = [reported(drawn(30, seed=seed), settings=few) for seed in range(40)]
    assert sum(any(each.psi > 0.25 for each in found.measures) for found in verdicts) > 20
    assert sum(found.verdict == "moved" for found in verdicts) <= 1


def test_too_few_images_say_nothing() -> None:
    found = reported(drawn(SETTINGS.min_images - 1, seed=2, brightness=20.0))
    assert (found.verdict, found.measures) == ("too few", ())


def test_without_a_reference_there_is_no_alarm() -> None:
    service = ServiceCounts(days=(served(drawn(400, seed=2)),))
    found = compare(MODEL, None, service, since=TODAY, settings=SETTINGS)
    assert (found.verdict, found.images, found.measures) == ("no reference", 400, ())


def test_other_models_and_earlier_days_do_not_count() -> None:
    dark = drawn(300, seed=2, brightness=20.0)
    service = ServiceCounts(
        days=(
            served(drawn(400, seed=3)),
            served(dark, onnx=sha256("another")),
            served(dark, day=TODAY - timedelta(days=7)),
        )
    )
    reference = make_reference(drawn(140, seed=1))
    found = compare(MODEL, reference, service, since=TODAY - timedelta(days=6), settings=SETTINGS)
    assert (found.verdict, found.images, found.others) == ("steady", 400, 300)


def test_counts_in_other_bins_are_an_error() -> None:
    other = dict(EDGES) | {"brightness": (128.0,)}
    reference = make_reference(drawn(10, seed=1))
    counts = reference.counts | {"brightness": (5, 5)}
    reference = DriftReference(**{**dict(reference), "edges": other, "counts": counts})
    with pytest.raises(RecordError, match="other bins"):
        reported(drawn(400, seed=2), reference=reference)


def test_counts_of_services_in_other_bins_are_not_added() -> None:
    other = ServiceCounts(edges=dict(EDGES) | {"brightness": (128.0,)})
    with pytest.raises(RecordError, match="other bins"):
        together([ServiceCounts(days=(served(drawn(10, seed=1)),)), other])


def test_the_rate_of_false_alarms_is_at_most_what_is_stated() -> None:
    """200 reports without any change. At 1 % ten of them or more would be one chance in 10,000."""
    rng = np.random.default_rng(7)
    population = drawn(4000, seed=11)
    alarms = 0
    for _ in range(200):
        chosen = rng.permutation(len(population))
        reference = make_reference([population[index] for index in chosen[:140]])
        service = [population[index] for index in chosen[140:540]]
        alarms += reported(service, reference=reference).verdict == "moved"
    assert alarms < 10
    assert alarms <= 2  # what the seed gives, with room for another NumPy


class TestFormulas:
    def test_the_index_of_two_groups_is_the_textbook_s(self) -> None:
        old, new = np.array([5000.0, 5000.0]), np.array([8000.0, 2000.0])
        psi, groups = stability(old, new, (0.5,))
        assert psi == pytest.approx(0.3 * np.log(0.8 / 0.5) + -0.3 * np.log(0.2 / 0.5), abs=1e-3)
        assert [(each.below, each.reference, each.service) for each in groups] == [
            (0.5, 0.5, 0.8),
            (None, 0.5, 0.2),
        ]

    def test_the_distance_and_its_chance_are_scipy_s_for_values_on_the_bins(self) -> None:
        from scipy.stats import ks_2samp

        rng = np.random.default_rng(3)
        one, other = rng.integers(0, 12, 140), rng.integers(2, 12, 400)
        counts = [np.bincount(each, minlength=12).astype(float) for each in (one, other)]
        distance, chance = kolmogorov_smirnov(*counts)
        expected = ks_2samp(one, other, method="asymp")
        assert (distance, chance) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))

    def test_holm_s_method_stops_at_the_first_test_that_chance_explains(self) -> None:
        chances = {"a": 0.001, "b": 0.004, "c": 0.006, "d": 0.0001}
        assert holm(chances, level=0.01) == {"d", "a", "b", "c"}
        assert holm(chances | {"b": 0.3}, level=0.01) == {"d", "a"}
        assert holm({}, level=0.01) == frozenset()
