"""The outline and the rectangle of a window, against the pixels that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from wms.imaging.window import find_window, simplified


def drawn(*polygons: list[tuple[float, float]], size: tuple[int, int] = (200, 120)) -> np.ndarray:
    image = Image.new("L", size)
    for polygon in polygons:
        ImageDraw.Draw(image).polygon(polygon, fill=255)
    return np.asarray(image, dtype=np.float32) / 255


def filled(outline: np.ndarray, size: tuple[int, int] = (200, 120)) -> np.ndarray:
    return drawn([tuple(corner) for corner in outline], size=size) > 0


TURNED = [(40, 30), (140, 60), (131, 90), (31, 60)]


def test_the_outline_surrounds_the_mask_and_the_rectangle_is_turned_with_it() -> None:
    probability = drawn(TURNED)
    window = find_window(probability, 0.5)
    assert window is not None
    assert len(window.outline) < 20
    assert np.sum(filled(window.outline) ^ (probability > 0.5)) < 0.05 * np.sum(probability)
    assert window.rectangle.angle_degrees == pytest.approx(16.7, abs=1.5)
    assert (window.rectangle.centre_x, window.rectangle.centre_y) == pytest.approx((85.5, 60.5), abs=1)
    assert window.rectangle.long_px == pytest.approx(104, abs=4)


def test_of_several_parts_the_largest_is_the_window() -> None:
    window = find_window(drawn(TURNED, [(170, 5), (190, 5), (190, 15), (170, 15)]), 0.5)
    assert window is not None
    assert window.outline[:, 0].max() < 150


def test_a_hole_does_not_change_the_outline() -> None:
    probability = drawn(TURNED)
    whole = find_window(probability, 0.5)
    probability[58:62, 80:90] = 0.0
    pierced = find_window(probability, 0.5)
    assert whole is not None
    assert pierced is not None
    np.testing.assert_array_equal(whole.outline, pierced.outline)


@pytest.mark.parametrize("place", [np.s_[:, :], np.s_[:30, :40], np.s_[90:, 150:]])
def test_a_window_at_the_edge_stays_inside_the_image(place: tuple[slice, slice]) -> None:
    probability = np.zeros((120, 200), dtype=np.float32)
    probability[place] = 1.0
    window = find_window(probability, 0.5)
    assert window is not None
    assert len(window.outline) >= 4
    assert window.outline.min() >= 0
    assert (window.outline <= (200, 120)).all()
    assert np.sum(filled(window.outline)) == pytest.approx(np.sum(probability), rel=0.05)


@pytest.mark.parametrize("side", [1, 2, 3])
def test_the_smallest_windows_have_an_outline_that_surrounds_something(side: int) -> None:
    probability = np.zeros((20, 30), dtype=np.float32)
    probability[7 : 7 + side, 11 : 11 + side] = 0.9
    window = find_window(probability, 0.5)
    assert window is not None
    assert len(window.outline) >= 3
    middle = (11 + side / 2, 7 + side / 2)
    assert (window.rectangle.centre_x, window.rectangle.centre_y) == middle


def test_a_part_that_meets_the_window_at_a_corner_does_not_belong_to_it() -> None:
    probability = np.zeros((20, 30), dtype=np.float32)
    probability[4:10, 4:10] = probability[10:12, 10:12] = 1.0
    window = find_window(probability, 0.5)
    assert window is not None
    assert window.outline.max() <= 10


def test_nothing_is_found_in_nothing() -> None:
    assert find_window(np.full((20, 30), 0.5, dtype=np.float32), 0.5) is None


def test_a_smooth_edge_is_followed_between_the_pixels() -> None:
    x = np.linspace(0, 1, 100, dtype=np.float32)
    window = find_window(np.tile(x, (50, 1)), 0.5)
    assert window is not None
    assert window.outline[:, 0].min() == pytest.approx(50.0, abs=0.2)


def test_corners_stay_and_points_between_them_go() -> None:
    side = np.arange(0, 10.0)
    zeros, tens = np.zeros(10), np.full(10, 10.0)
    xs = np.concatenate([side, tens, side[::-1] + 1, zeros, [0.0]])
    ys = np.concatenate([zeros, side, tens, side[::-1] + 1, [0.0]])
    corners = simplified(np.stack([xs, ys], axis=1), 0.5)
    assert {tuple(corner) for corner in corners} == {(0, 0), (10, 0), (10, 10), (0, 10)}
