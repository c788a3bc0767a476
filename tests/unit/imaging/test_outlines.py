from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wms.imaging.outlines import GAP_PX, PREDICTION, TRUTH, box_around, draw_outlines, side_by_side

GREY = np.full((300, 400, 3), 128, dtype=np.uint8)
EMPTY = np.zeros((300, 400), dtype=bool)
SIDE_PX = 640


def window(left: int) -> NDArray[np.bool_]:
    mask = EMPTY.copy()
    mask[100:140, left : left + 100] = True
    return mask


def drawn(truth: NDArray[np.bool_], predicted: NDArray[np.bool_] | None) -> Image.Image:
    box = box_around([truth] if predicted is None else [truth, predicted])
    return draw_outlines(GREY, truth=truth, predicted=predicted, box=box, side_px=SIDE_PX)


def shows(image: Image.Image, colour: tuple[int, int, int]) -> bool:
    return bool((np.asarray(image) == colour).all(axis=2).any())


def test_both_outlines_show_also_where_they_agree() -> None:
    image = drawn(window(100), window(100))
    assert shows(image, TRUTH)
    assert shows(image, PREDICTION)


def test_the_part_around_both_outlines_is_shown() -> None:
    left, top, right, bottom = box_around([window(20), window(250)])
    assert left < 20
    assert right > 350
    assert 0 <= top < 100
    assert 140 < bottom <= 300


@pytest.mark.parametrize(("truth", "predicted"), [(True, False), (False, True), (False, False)])
def test_an_empty_mask_has_no_outline(truth: bool, predicted: bool) -> None:
    image = drawn(window(100) if truth else EMPTY, window(100) if predicted else EMPTY)
    assert (shows(image, TRUTH), shows(image, PREDICTION)) == (truth, predicted)


def test_an_image_without_a_prediction_shows_its_mask_alone() -> None:
    image = drawn(window(100), None)
    assert (shows(image, TRUTH), shows(image, PREDICTION)) == (True, False)


def test_masks_that_fill_the_image_are_drawn() -> None:
    full = np.ones((300, 400), dtype=bool)
    assert drawn(full, full).size == (SIDE_PX, SIDE_PX * 3 // 4)


def test_a_prediction_of_another_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        draw_outlines(
            GREY,
            truth=EMPTY,
            predicted=np.zeros((400, 300), dtype=bool),
            box=(0, 0, 400, 300),
            side_px=SIDE_PX,
        )


def test_two_views_stand_side_by_side() -> None:
    one = Image.new("RGB", (30, 20), "black")
    assert side_by_side([one, one]).size == (60 + GAP_PX, 20)
