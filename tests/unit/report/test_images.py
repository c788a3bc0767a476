from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from factories import Story, fill_datasets, make_report, run_records
from wms.core.errors import ImageError, RecordError
from wms.core.layout import Layout
from wms.imaging.outlines import GAP_PX
from wms.report.images import (
    MOST_ADDED,
    OVERLAY_BYTES,
    SIDE_PX,
    RunImages,
    choose,
    draw_images,
    evenly,
    jpeg,
    read_images,
)
from wms.report.records import RunRecords


def nothing(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.zeros(image.shape[:2], dtype=bool)


def kinds(*reports: list[float]) -> dict[str, list[float]]:
    chosen = choose(make_report(reports[0]), make_report(reports[1]) if len(reports) > 1 else None)
    found: dict[str, list[float]] = {}
    for item in chosen:
        found.setdefault(item.kind, []).append(round(item.dice, 2))
    return found


def test_without_a_champion_the_worst_middle_and_best_are_chosen() -> None:
    assert kinds([number / 100 for number in range(41, 0, -1)]) == {
        "worst": [0.01, 0.02, 0.03, 0.04],
        "median": [0.19, 0.20, 0.21, 0.22],
        "best": [0.38, 0.39, 0.40, 0.41],
    }


@pytest.mark.parametrize("count", range(1, 16))
def test_without_a_champion_none_is_chosen_twice_and_few_are_all_chosen(count: int) -> None:
    stems = [item.stem for item in choose(make_report([number / 20 for number in range(count)]), None)]
    assert len(set(stems)) == len(stems) == min(count, 12)


def test_against_a_champion_the_largest_changes_are_chosen_largest_first() -> None:
    now = [0.10, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90]
    before = [0.10, 0.15, 0.40, 0.39, 0.90, 0.30, 0.69, 0.60, 0.91]
    assert kinds(now, before) == {
        "worst": [0.1, 0.2, 0.3, 0.4],
        "improved": [0.6, 0.8, 0.2, 0.7],
        "worsened": [0.5, 0.3, 0.9],
    }


def test_pictures_on_which_nothing_changed_are_neither_improved_nor_worsened() -> None:
    assert list(kinds([0.5, 0.6], [0.5, 0.6])) == ["worst"]


def test_equal_scores_are_chosen_by_stem() -> None:
    one, two = make_report([0.5, 0.5], stems=["a", "b"]), make_report([0.5, 0.5], stems=["b", "a"])
    assert [item.stem for item in choose(one, None)] == [item.stem for item in choose(two, None)]


@pytest.mark.parametrize(
    ("items", "taken"), [(range(100), (0, 25, 50, 75)), (range(3), (0, 1, 2)), (range(0), ())]
)
def test_a_few_of_many_are_taken_evenly(items: range, taken: tuple[int, ...]) -> None:
    assert evenly(items, 4) == taken


def test_an_image_of_noise_is_made_to_fit() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (SIDE_PX, 2 * SIDE_PX, 3), dtype=np.uint8)
    assert len(jpeg(Image.fromarray(noise), most_bytes=OVERLAY_BYTES)) <= OVERLAY_BYTES


def drawn(folder: Path, story: Story) -> tuple[Layout, RunRecords, RunImages]:
    layout, records = Layout(folder), run_records(folder, story)
    fill_datasets(layout)
    return layout, records, draw(records, layout)


def draw(records: RunRecords, layout: Layout) -> RunImages:
    champion = nothing if records.evaluation_champion else None
    return draw_images(
        records, layout, mask_threshold=127, candidate=nothing, champion=champion, to=layout.images
    )


@pytest.mark.parametrize("story", ["first", "held"])
def test_the_images_that_decided_and_those_that_were_added_are_drawn(tmp_path: Path, story: Story) -> None:
    layout, records, shown = drawn(tmp_path, story)
    assert records.evaluation is not None
    tested = {score.stem for score in records.evaluation.scores}
    groups = dict(shown.groups())
    assert len(groups.pop("added")) == MOST_ADDED
    assert {image.stem for group in groups.values() for image in group} <= tested
    for image in shown.pictures:
        with Image.open(layout.images / image.file) as file:
            assert file.size == (image.width_px, image.height_px)
    assert read_images(layout.images, records.evaluation) == shown


def test_against_a_champion_both_models_are_shown_and_no_image_is_drawn_twice(tmp_path: Path) -> None:
    layout, _, shown = drawn(tmp_path, "held")
    files = {image.stem: image.file for image in shown.pictures}
    assert len(files) == len(list(layout.images.glob("*.jpg")))
    assert shown.pictures[0].width_px == 2 * SIDE_PX + GAP_PX
    assert shown.pictures[0].champion_dice is not None


def test_images_of_another_evaluation_are_not_taken(tmp_path: Path) -> None:
    layout, _, _ = drawn(tmp_path, "held")
    assert read_images(layout.images, make_report([0.5])) is None
    assert read_images(tmp_path, make_report([0.5])) is None


def test_an_image_that_is_gone_is_an_error_and_nothing_is_left(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with pytest.raises(ImageError, match=r"meter-\d+\.jpg"):
        draw(run_records(tmp_path, "first"), layout)
    assert not layout.images.exists()


def test_an_evaluation_of_other_images_is_an_error(tmp_path: Path) -> None:
    records = run_records(tmp_path, "held").model_copy(update={"base_manifest": None})
    with pytest.raises(RecordError, match="neither main's test images nor"):
        draw(records, Layout(tmp_path))
