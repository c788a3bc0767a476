import numpy as np
from PIL import Image

from factories import make_manifest, make_train_result
from wms.ml.plots import FOUND, MISSED, WRONG, draw_curves, draw_overlays, overlay


def test_curves_are_drawn_for_a_single_epoch_too(tmp_path):
    for count in (1, 12):
        history = make_train_result(make_manifest(10), epochs=count).epochs
        draw_curves(history, tmp_path / f"{count}.png")
        assert Image.open(tmp_path / f"{count}.png").width > 600


def test_an_overlay_tints_found_missed_and_wrong_pixels_and_no_others():
    picture = np.zeros((2, 2, 3), dtype=np.uint8)
    there = np.array([[True, True], [False, False]])
    found = np.array([[True, False], [True, False]])
    tinted = overlay(picture, there, found)
    for position, colour in (((0, 0), FOUND), ((0, 1), MISSED), ((1, 0), WRONG)):
        assert np.abs(tinted[position] - 0.55 * np.array(colour)).max() < 0.51
    assert tinted[1, 1].tolist() == [0, 0, 0]


def test_overlays_are_drawn_side_by_side(tmp_path):
    pictures = np.zeros((3, 16, 16, 3), dtype=np.uint8)
    masks = np.zeros((3, 16, 16), dtype=bool)
    draw_overlays(pictures, masks, masks, ["a", "b", "c"], tmp_path / "o.png")
    picture = Image.open(tmp_path / "o.png")
    assert picture.width > 2 * picture.height
