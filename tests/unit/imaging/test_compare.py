from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from wms.imaging.compare import TOLERANCE, compare_boundaries

Mask = NDArray[np.bool_]
SHAPE = (12, 16)
masks = hnp.arrays(np.bool_, SHAPE)


def edge_pixels(mask: Mask) -> NDArray[np.intp]:
    """By looking at every pixel's neighbours, one by one."""
    padded = np.pad(mask, 1)
    return np.array(
        [
            (row, column)
            for row, column in np.argwhere(mask)
            if not all(padded[row + 1 + dr, column + 1 + dc] for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)))
        ]
    )


@given(found=masks, there=masks)
def test_both_measures_agree_with_all_distances_taken_one_by_one(found: Mask, there: Mask) -> None:
    boundary = compare_boundaries(found, there)
    if not (found.any() and there.any()):
        return
    distances = cdist(edge_pixels(found), edge_pixels(there))
    to_there, to_found = distances.min(axis=1), distances.min(axis=0)
    assert boundary.hausdorff95_px == pytest.approx(max(np.percentile(d, 95) for d in (to_there, to_found)))
    reach = TOLERANCE * np.hypot(*SHAPE)
    precision, recall = (to_there <= reach).mean(), (to_found <= reach).mean()
    expected = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    assert boundary.f1 == pytest.approx(expected)


@given(shift=st.integers(1, 30))
def test_a_shifted_window_is_as_far_off_as_it_was_shifted(shift: int) -> None:
    there = np.zeros((400, 500), dtype=bool)
    there[200:240, 100:260] = True
    boundary = compare_boundaries(np.roll(there, shift, axis=0), there)
    assert boundary.hausdorff95_px == pytest.approx(min(shift, 40), abs=1.0)
    # The tolerance is 4.8 pixels here; the window's short sides are met at any shift below its height.
    assert (boundary.f1 == 1.0) == (shift <= 4)


@pytest.mark.parametrize(
    ("found", "there", "f1", "hausdorff95_px"),
    [(False, False, 1.0, 0.0), (True, False, 0.0, 20.0), (False, True, 0.0, 20.0), (True, True, 1.0, 0.0)],
)
def test_the_empty_mask_rule(found: bool, there: bool, f1: float, hausdorff95_px: float) -> None:
    boundary = compare_boundaries(np.full(SHAPE, found), np.full(SHAPE, there))
    assert (boundary.f1, boundary.hausdorff95_px) == (f1, hausdorff95_px)
