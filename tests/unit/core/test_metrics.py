from __future__ import annotations

from collections.abc import Callable
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from wms.core.records.decision import GateDecision, GatePolicy
from wms.core.records.metrics import (
    FAILURE_DICE,
    GATED,
    METRICS,
    Boundary,
    ImageScore,
    MetricSummary,
    headline,
    summarise,
)

Mask = NDArray[np.bool_]
SHAPE = (5, 7)
masks = hnp.arrays(np.bool_, SHAPE)
NOTHING: Mask = np.zeros(SHAPE, dtype=bool)
SOMETHING: Mask = np.eye(*SHAPE, dtype=bool)


def counted(found: Mask, there: Mask) -> ImageScore:
    return score(
        tp=int((found & there).sum()),
        fp=int((found & ~there).sum()),
        fn=int((~found & there).sum()),
        tn=int((~found & ~there).sum()),
    )


def score(*, tp: int, fp: int, fn: int, tn: int) -> ImageScore:
    # An outline of its own for every count, so that a mean over images can be told from any of them.
    outline = Boundary(f1=1.0 / (1 + tp), hausdorff95_px=float(fp + fn))
    return ImageScore(tp=tp, fp=fp, fn=fn, tn=tn, boundary=outline)


def pixels(mask: Mask) -> set[tuple[int, ...]]:
    return set(map(tuple, np.argwhere(mask).tolist()))


@given(found=masks, there=masks)
@example(found=NOTHING, there=NOTHING)
@example(found=SOMETHING, there=NOTHING)
@example(found=NOTHING, there=SOMETHING)
def test_metrics_agree_with_a_naive_count_on_sets_of_pixels(found: Mask, there: Mask) -> None:
    ours, truth, counts = pixels(found), pixels(there), counted(found, there)
    both = len(ours & truth)
    if ours and truth:
        assert counts.dice == pytest.approx(2 * both / (len(ours) + len(truth)))
        assert counts.iou == pytest.approx(both / len(ours | truth))
        assert counts.precision == pytest.approx(both / len(ours))
        assert counts.recall == pytest.approx(both / len(truth))
    else:  # the empty-mask rule
        expected = float(ours == truth)
        assert (counts.dice, counts.iou, counts.precision, counts.recall) == (expected,) * 4


@given(st.lists(st.tuples(masks, masks), min_size=1, max_size=6))
def test_a_summary_is_the_mean_over_images_not_over_pixels(pairs: list[tuple[Mask, Mask]]) -> None:
    counts = [counted(found, there) for found, there in pairs]
    summary = summarise(counts)
    means: dict[str, Callable[[ImageScore], float]] = {
        "dice": lambda item: item.dice,
        "iou": lambda item: item.iou,
        "precision": lambda item: item.precision,
        "recall": lambda item: item.recall,
        "boundary_f1": lambda item: item.boundary.f1,
        "hausdorff95_px": lambda item: item.boundary.hausdorff95_px,
    }
    for name, of in means.items():
        assert getattr(summary, name) == pytest.approx(fmean(map(of, counts)))
    assert summary.dice_median == pytest.approx(median(item.dice for item in counts))
    assert summary.pictures == len(counts)


def test_the_table_and_the_summary_name_the_same_metrics() -> None:
    assert {metric.field for metric in METRICS} == set(MetricSummary.model_fields) - {"pictures"}


def test_what_the_gate_decides_on_has_a_floor_and_a_recorded_difference() -> None:
    assert [metric.field for metric in GATED if metric.gated == 1] == ["dice", "iou"]
    for metric in GATED:
        assert metric.higher_is_better
        assert f"floor_{metric.field}" in GatePolicy.model_fields
        assert f"{metric.field}_difference" in GateDecision.model_fields


def test_a_label_names_unit_and_direction() -> None:
    labels = {metric.field: metric.label for metric in METRICS}
    assert labels["dice"] == "Dice"
    assert labels["hausdorff95_px"] == "Hausdorff 95 (px, lower is better)"


def test_a_headline_has_the_values_that_decide() -> None:
    assert headline(summarise([score(tp=1, fp=1, fn=1, tn=0)])) == "Dice 0.5000, IoU 0.3333 on 1 test image"


def test_an_image_at_the_failure_limit_is_no_failure() -> None:
    at_limit, below = score(tp=1, fp=1, fn=1, tn=0), score(tp=1, fp=2, fn=1, tn=0)
    assert at_limit.dice == FAILURE_DICE
    assert summarise([at_limit, below]).failures == 1


def test_a_summary_of_no_images_is_an_error() -> None:
    with pytest.raises(ValueError, match="no images"):
        summarise([])
