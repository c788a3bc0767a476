"""The statistics of a paired comparison, against those of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from comparisons import inputs
from factories import make_policy, make_report
from wms.gate.compare import failure_change, label_change, trimmed_mean
from wms.gate.decide import decide


@given(new=st.integers(0, 12), mended=st.integers(0, 12))
def test_the_chance_of_new_failures_is_that_of_a_sign_test(new: int, mended: int) -> None:
    candidate = make_report([0.1] * new + [0.9] * mended + [0.8])
    champion = make_report([0.9] * new + [0.1] * mended + [0.8], weights="champion")
    change = failure_change(candidate, champion)
    assert (change.new, change.mended) == (new, mended)
    expected = stats.binomtest(new, new + mended, alternative="greater").pvalue if new + mended else 1.0
    assert change.chance == pytest.approx(expected)


@given(
    new=st.tuples(st.integers(0, 12), st.integers(1, 12)),
    test=st.tuples(st.integers(0, 12), st.integers(1, 12)),
)
def test_the_chance_of_wrong_masks_is_fishers(new: tuple[int, int], test: tuple[int, int]) -> None:
    added = make_report([0.1] * new[0] + [0.9] * new[1])
    candidate = make_report([0.1] * test[0] + [0.9] * test[1])
    change = label_change(candidate, added)
    assert (change.failed, change.images) == (new[0], sum(new))
    assert change.chance == pytest.approx(stats.fisher_exact([new, test], alternative="greater").pvalue)


@given(st.lists(st.floats(-1, 1), min_size=10, max_size=60))
def test_the_typical_difference_is_the_trimmed_mean(values: list[float]) -> None:
    assert trimmed_mean(values, 0.1) == pytest.approx(stats.trim_mean(values, 0.1), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=10, max_size=30),
    confidence=st.sampled_from([0.8, 0.9, 0.95]),
)
def test_bootstrap_bounds_agree_with_scipy(values: list[tuple[float, float]], confidence: float) -> None:
    ours, theirs = [list(side) for side in zip(*values, strict=True)]
    policy = make_policy(retrain_confidence=confidence, resamples=4000)
    decision = decide(policy, inputs(ours, theirs))
    both = zip(make_report(ours).scores, make_report(theirs).scores, strict=True)
    differences = np.array([a.dice - b.dice for a, b in both])
    # With few different values the bounds jump, and two generators land on either side of a jump.
    assume(len(np.unique(differences.round(3))) >= 8)
    # Two one-sided bounds at c are the two-sided interval at 2c - 1.
    oracle = stats.bootstrap(
        (differences,),
        np.mean,
        n_resamples=4000,
        confidence_level=2 * confidence - 1,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    # Either bound wavers with its resamples by a few hundredths of the mean's own spread.
    tolerance = 0.15 * differences.std() / np.sqrt(len(differences)) + 1e-9
    assert decision.dice_difference is not None
    assert decision.dice_difference.low == pytest.approx(oracle.low, abs=tolerance)
    assert decision.dice_difference.high == pytest.approx(oracle.high, abs=tolerance)
    assert decision.dice_difference.mean == pytest.approx(differences.mean(), abs=1e-9)
