from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, precision_recall_curve

from wms.core.records.calibration import ProbabilityCounts

BINS = 20
pixels = st.lists(st.tuples(st.integers(0, BINS - 1), st.booleans()), min_size=2, max_size=80)


def count(drawn: list[tuple[int, bool]]) -> ProbabilityCounts:
    window, rest = [0] * BINS, [0] * BINS
    for place, is_window in drawn:
        (window if is_window else rest)[place] += 1
    return ProbabilityCounts(window=tuple(window), rest=tuple(rest))


@given(pixels.filter(lambda drawn: any(is_window for _, is_window in drawn)))
def test_average_precision_agrees_with_scikit_learn(drawn: list[tuple[int, bool]]) -> None:
    truth, probability = [w for _, w in drawn], [(k + 0.5) / BINS for k, _ in drawn]
    assert count(drawn).average_precision == pytest.approx(average_precision_score(truth, probability))


@given(pixels.filter(lambda drawn: any(is_window for _, is_window in drawn)))
def test_every_point_of_scikit_learns_curve_is_one_of_ours(drawn: list[tuple[int, bool]]) -> None:
    truth, probability = [w for _, w in drawn], [(k + 0.5) / BINS for k, _ in drawn]
    precision, recall, _ = precision_recall_curve(truth, probability)
    ours = {(round(p.precision, 9), round(p.recall, 9)) for p in count(drawn).precision_recall()}
    # Its last point, recall 0 at precision 1, stands for "mark nothing", which is no threshold of ours.
    theirs = {(round(p, 9), round(r, 9)) for p, r in zip(precision[:-1], recall[:-1], strict=True)}
    assert theirs <= ours


@given(pixels)
def test_the_reliability_diagram_agrees_with_scikit_learn(drawn: list[tuple[int, bool]]) -> None:
    truth, probability = [w for _, w in drawn], [(k + 0.5) / BINS for k, _ in drawn]
    shares, _ = calibration_curve(truth, probability, n_bins=BINS)
    assert [item.window_share for item in count(drawn).reliability(BINS)] == pytest.approx(shares)


def test_coarser_bins_hold_the_same_pixels() -> None:
    drawn = [(k, k > 11) for k in range(BINS)]
    coarse = count(drawn).reliability(5)
    assert [(item.pixels, item.window_share) for item in coarse] == [
        (4, 0.0), (4, 0.0), (4, 0.0), (4, 1.0), (4, 1.0)
    ]  # fmt: skip
    assert [item.probability for item in coarse] == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])


def test_a_sure_and_right_model_is_calibrated_up_to_half_a_bin_and_a_sure_and_wrong_one_is_not() -> None:
    right, wrong = [(0, False), (BINS - 1, True)], [(0, True), (BINS - 1, False)]
    assert count(right).calibration_error == pytest.approx(0.5 / BINS)
    assert count(wrong).calibration_error == pytest.approx(1 - 0.5 / BINS)


def test_without_any_window_recall_is_one() -> None:
    assert {point.recall for point in count([(3, False), (9, False)]).precision_recall()} == {1.0}


def test_bins_must_match() -> None:
    with pytest.raises(ValueError, match="same bins"):
        ProbabilityCounts(window=(1, 2), rest=(1, 2, 3))
