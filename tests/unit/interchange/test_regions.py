"""Polygons and runs become masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path as Outside

from wms.interchange.regions import (
    Bitmap,
    FormError,
    Outline,
    box,
    corners,
    run_lengths,
    runs,
    turned,
    winding_numbers,
)

SIZE = (24, 18)
CENTRES = np.stack(np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5), axis=-1).reshape(-1, 2)
corner = st.tuples(st.floats(-8, 32, width=32), st.floats(-8, 26, width=32))


@given(ring=st.lists(corner, min_size=3, max_size=9))
@settings(max_examples=200, deadline=None)
def test_a_pixel_is_inside_if_its_centre_is(ring: list[tuple[float, float]]) -> None:
    points = np.asarray(ring)
    mask, _ = Outline(rings=(points,), rule="even-odd").paint(SIZE)
    closed = Outside(np.concatenate([points, points[:1]]), closed=True)
    sure = [closed.contains_points(CENTRES, radius=radius) for radius in (-0.05, 0.05)]
    # Even-odd, as Matplotlib's test; a centre on the outline may count either way.
    agreed = (sure[0] == sure[1]).reshape(mask.shape)
    edges = np.zeros(mask.shape, dtype=bool)
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        length = np.linalg.norm(end - start) or 1.0
        along = np.clip(((CENTRES - start) @ (end - start)) / length**2, 0, 1)[:, None]
        edges |= (np.linalg.norm(CENTRES - start - along * (end - start), axis=1) < 0.01).reshape(mask.shape)
    assert not ((mask != closed.contains_points(CENTRES).reshape(mask.shape)) & agreed & ~edges).any()


# In quarters of a pixel nothing is rounded, also where a centre is exactly on an edge.
@given(ring=st.lists(st.tuples(st.integers(8, 168), st.integers(8, 144)), min_size=3, max_size=9))
@settings(max_examples=50, deadline=None)
def test_filling_the_box_alone_changes_nothing(ring: list[tuple[int, int]]) -> None:
    points, whole = np.asarray(ring) / 4, (60, 60)
    mask, _ = Outline(rings=(points,), rule="non-zero").paint(whole)
    assert np.array_equal(mask, winding_numbers([points], whole) != 0)


@pytest.mark.parametrize(("rule", "inside"), [("even-odd", False), ("non-zero", True)])
def test_a_loop_is_filled_by_the_rule_of_its_tool(rule: str, inside: bool) -> None:
    twice = box(2, 2, 22, 16), box(6, 6, 18, 12)
    ring = np.concatenate(
        [np.append(twice[0], twice[0][:1], axis=0), np.append(twice[1], twice[1][:1], axis=0)]
    )
    mask, notes = Outline(rings=(ring,), rule=rule).paint(SIZE)  # type: ignore[arg-type]
    assert mask[9, 12] == inside
    assert f"filled by the {rule} rule" in notes[0]


def test_shares_are_of_width_and_height() -> None:
    ring = corners([(0.25, 0.5), (0.75, 0.5), (0.75, 1.0), (0.25, 1.0)])
    mask, notes = Outline(rings=(ring,), rule="even-odd", relative=True).paint(SIZE)
    assert np.argwhere(mask).min(axis=0).tolist() == [9, 6]
    assert (mask.sum(), notes) == (12 * 9, ())


def test_a_quarter_turn_is_clockwise_as_seen() -> None:
    points = turned(np.array([(10.0, 5.0)]), (5.0, 5.0), 90)
    assert points.round(6).tolist() == [[5.0, 10.0]]


@pytest.mark.parametrize(
    ("left", "top", "expected"), [(0, 0, 12), (-2, -1, 4), (22, 17, 2), (25, 0, 0), (40, 0, 0), (-9, 0, 0)]
)
def test_a_bitmap_is_cut_at_the_edge(left: int, top: int, expected: int) -> None:
    mask, notes = Bitmap(load=lambda: np.ones((3, 4), dtype=bool), left=left, top=top).paint(SIZE)
    assert mask.shape == SIZE[::-1]
    assert mask.sum() == expected
    assert bool(notes) == (expected < 12)


@given(data=st.data(), width=st.integers(1, 9), height=st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_runs_tell_the_mask_that_they_were_made_of(data: st.DataObject, width: int, height: int) -> None:
    bits = data.draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height))
    mask = np.asarray(bits).reshape(height, width)
    assert np.array_equal(runs(run_lengths(mask), (width, height)), mask)


@pytest.mark.parametrize("counts", [[3], [1, 2, 9], [-1, 5]])
def test_runs_of_another_size_are_refused(counts: list[int]) -> None:
    with pytest.raises(FormError):
        runs(counts, (2, 2))


@pytest.mark.parametrize("values", [[], [1, 2, 3, 4], [1, 2, 3], ["a"] * 6, [float("nan")] * 6, None])
def test_what_is_no_polygon_is_refused(values: object) -> None:
    with pytest.raises(FormError):
        corners(values)  # type: ignore[arg-type]
