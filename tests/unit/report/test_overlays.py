from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from factories import make_report
from wms.domain.errors import ImageError
from wms.report.overlays import PREDICTION, SIDE_PX, TRUTH, Pair, choose, draw_outlines, write_overlays

GREY = np.full((300, 400, 3), 128, dtype=np.uint8)


def window(left: int) -> NDArray[np.bool_]:
    mask = np.zeros((300, 400), dtype=bool)
    mask[100:140, left : left + 100] = True
    return mask


def shows(image: Image.Image, colour: tuple[int, int, int]) -> bool:
    return bool((np.asarray(image) == colour).all(axis=2).any())


def test_worst_median_and_best_are_chosen_worst_first() -> None:
    dice = [number / 100 for number in range(1, 42)]
    chosen = choose(make_report(dice[::-1]))
    by_kind = {
        kind: [round(item.score.dice, 2) for item in chosen if item.kind == kind]
        for kind in ("worst", "median", "best")
    }
    assert by_kind == {
        "worst": [0.01, 0.02, 0.03, 0.04, 0.05, 0.06],
        "median": [0.20, 0.21, 0.22],
        "best": [0.39, 0.40, 0.41],
    }


@pytest.mark.parametrize("count", range(1, 16))
def test_no_picture_is_chosen_twice_and_few_are_all_chosen(count: int) -> None:
    chosen = choose(make_report([number / 20 for number in range(count)]))
    stems = [item.score.stem for item in chosen]
    assert len(set(stems)) == len(stems) == min(count, 12)


def test_equal_scores_are_chosen_by_stem() -> None:
    one, two = make_report([0.5, 0.5], stems=["a", "b"]), make_report([0.5, 0.5], stems=["b", "a"])
    assert [item.score.stem for item in choose(one)] == [item.score.stem for item in choose(two)]


def test_both_outlines_show_also_where_they_agree() -> None:
    image = draw_outlines(GREY, truth=window(100), predicted=window(100))
    assert shows(image, TRUTH)
    assert shows(image, PREDICTION)


def test_the_part_around_both_outlines_is_shown() -> None:
    image = draw_outlines(GREY, truth=window(20), predicted=window(250))
    assert max(image.size) == SIDE_PX
    assert image.width > image.height


@pytest.mark.parametrize(("truth", "predicted"), [(True, False), (False, True), (False, False)])
def test_an_empty_mask_has_no_outline(truth: bool, predicted: bool) -> None:
    empty = np.zeros((300, 400), dtype=bool)
    image = draw_outlines(
        GREY, truth=window(100) if truth else empty, predicted=window(100) if predicted else empty
    )
    assert (shows(image, TRUTH), shows(image, PREDICTION)) == (truth, predicted)


def test_masks_that_fill_the_picture_are_drawn() -> None:
    full = np.ones((300, 400), dtype=bool)
    assert draw_outlines(GREY, truth=full, predicted=full).size == (SIDE_PX, SIDE_PX * 3 // 4)


def test_a_prediction_of_another_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        draw_outlines(GREY, truth=window(0), predicted=np.zeros((400, 300), dtype=bool))


def test_overlays_are_written_under_names_of_their_own(tmp_path: Path) -> None:
    pair = Pair(image=tmp_path / "image.png", mask=tmp_path / "mask.png")
    Image.fromarray(GREY).save(pair.image)
    Image.fromarray(window(100).astype(np.uint8) * 255).save(pair.mask)
    hostile = "../<b>escape"
    written = write_overlays(
        choose(make_report([0.75], stems=[hostile])),
        {hostile: pair},
        mask_threshold=127,
        predict=lambda picture: picture[..., 0] > 200,
        to=tmp_path / "site",
    )
    assert [path.name for path in (tmp_path / "site").iterdir()] == ["worst-1.jpg"]
    assert [(item.file, item.stem, item.dice) for item in written] == [("worst-1.jpg", hostile, 0.75)]
    with Image.open(tmp_path / "site/worst-1.jpg") as image:
        assert image.size == (written[0].width_px, written[0].height_px)


def test_a_picture_that_is_gone_is_an_error(tmp_path: Path) -> None:
    gone = Pair(image=tmp_path / "gone.png", mask=tmp_path / "gone.png")
    with pytest.raises(ImageError, match=r"gone\.png"):
        write_overlays(
            choose(make_report([0.5], stems=["a"])),
            {"a": gone},
            mask_threshold=127,
            predict=lambda picture: picture[..., 0] > 0,
            to=tmp_path,
        )
