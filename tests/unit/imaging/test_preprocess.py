import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wms.core.records.training import Preprocessing
from wms.imaging.preprocess import Letterbox, letterbox_image, letterbox_mask, preprocess, to_image

SPEC = Preprocessing(size_px=64, pad=114)


def test_a_wide_image_gets_bars_above_and_below_and_a_tall_one_at_its_sides():
    square, box = letterbox_image(np.full((30, 60, 3), 200, dtype=np.uint8), SPEC)
    assert square.shape == (64, 64, 3)
    assert box.inside == (slice(16, 48), slice(0, 64))
    assert (square[16:48] == 200).all()
    assert (square[:16] == 114).all()
    assert (square[48:] == 114).all()
    _, tall = letterbox_image(np.zeros((60, 30, 3), dtype=np.uint8), SPEC)
    assert tall.inside == (slice(0, 64), slice(16, 48))


def test_the_network_input_is_channels_first_in_0_to_1():
    image = np.zeros((64, 64, 3), dtype=np.uint8)
    image[..., 1] = 255
    inputs, _ = preprocess(image, SPEC)
    assert inputs.shape == (1, 3, 64, 64)
    assert inputs.dtype == np.float32
    assert inputs[0, :, 5, 9].tolist() == [0.0, 1.0, 0.0]


def test_the_bars_of_a_mask_are_no_window():
    square = letterbox_mask(np.ones((30, 60), dtype=bool), SPEC)
    assert square[:16].max() == 0
    assert square[20:44].min() == 255


def test_an_edge_pixel_of_a_shrunk_mask_holds_the_windows_share():
    mask = np.zeros((128, 128), dtype=bool)
    mask[:, 65:] = True
    assert 0 < letterbox_mask(mask, SPEC)[30, 32] < 255


def test_probabilities_come_back_at_the_images_own_size_without_bars():
    box = Letterbox(height_px=300, width_px=600, size_px=64)
    probability = np.ones((64, 64), dtype=np.float32)
    probability[:16], probability[48:] = 0.0, 0.0
    restored = to_image(probability, box)
    assert restored.shape == (300, 600)
    assert restored.min() == pytest.approx(1.0)


def test_a_window_comes_back_where_it_was():
    mask = np.zeros((480, 360), dtype=bool)
    mask[200:260, 100:300] = True
    spec = Preprocessing(size_px=256, pad=114)
    _, box = letterbox_image(np.zeros((480, 360, 3), dtype=np.uint8), spec)
    found = to_image(letterbox_mask(mask, spec).astype(np.float32) / 255, box) > 0.5
    assert (found & mask).sum() / (found | mask).sum() > 0.96


@given(height=st.integers(1, 3000), width=st.integers(1, 3000), size=st.sampled_from([32, 192, 256]))
def test_every_image_fits_its_square_and_fills_one_side(height, width, size):
    box = Letterbox(height_px=height, width_px=width, size_px=size)
    rows, columns = box.inside
    assert rows.start >= 0
    assert columns.start >= 0
    assert rows.stop <= size
    assert columns.stop <= size
    assert size in {rows.stop - rows.start, columns.stop - columns.start}
    assert min(rows.stop - rows.start, columns.stop - columns.start) >= 1
