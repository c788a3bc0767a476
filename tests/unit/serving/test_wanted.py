from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wms.core.records.measures import Measures
from wms.core.settings.drift import WantedSettings
from wms.serving.wanted import Wanted, wanted_images

SETTINGS = WantedSettings(consent=True, folder="wanted", below_confidence=0.8, max_images=3, max_mib=1.0)


def photo(seed: int, *, side: int = 32) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)


def doubt(confidence: float) -> Measures:
    return Measures(
        brightness=100.0,
        sharpness=300.0,
        size_px=32,
        coverage=0.02,
        confidence=confidence,
        window_angle_degrees=0.0,
    )


def kept(folder: Path) -> list[float]:
    return [each.confidence for each in wanted_images(folder)]


def test_nothing_is_kept_without_consent(tmp_path: Path) -> None:
    Wanted(tmp_path / "wanted", SETTINGS.model_copy(update={"consent": False})).offer(photo(1), doubt(0.1))
    assert list(tmp_path.iterdir()) == []


def test_doubtful_photographs_are_kept_and_sure_ones_are_not(tmp_path: Path) -> None:
    wanted = Wanted(tmp_path, SETTINGS)
    wanted.offer(photo(1), doubt(0.5))
    wanted.offer(photo(2), doubt(0.8))
    (image,) = wanted_images(tmp_path)
    assert image.confidence == 0.5
    assert Image.open(image.file).size == (32, 32)


def test_when_the_folder_is_full_the_surest_makes_room(tmp_path: Path) -> None:
    wanted = Wanted(tmp_path, SETTINGS)
    for seed, confidence in enumerate((0.5, 0.7, 0.1, 0.3, 0.6)):
        wanted.offer(photo(seed), doubt(confidence))
    assert kept(tmp_path) == [0.1, 0.3, 0.5]


def test_the_bytes_are_bounded_too(tmp_path: Path) -> None:
    wanted = Wanted(tmp_path, SETTINGS)
    for seed, confidence in enumerate((0.5, 0.4, 0.3)):
        wanted.offer(photo(seed, side=600), doubt(confidence))
    assert kept(tmp_path) == [0.3, 0.4]
    assert sum(each.bytes for each in wanted_images(tmp_path)) <= 2**20


def test_a_photograph_that_comes_again_is_kept_once(tmp_path: Path) -> None:
    wanted = Wanted(tmp_path, SETTINGS)
    for confidence in (0.5, 0.4):
        wanted.offer(photo(1), doubt(confidence))
    assert kept(tmp_path) == [0.5]


def test_a_folder_that_cannot_be_written_stops_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    Wanted(tmp_path / "file", SETTINGS).offer(photo(1), doubt(0.5))
    assert "not kept" in caplog.text


def test_a_photograph_that_no_jpeg_holds_stops_no_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Wanted(tmp_path, SETTINGS).offer(np.zeros((1, 65_501, 3), dtype=np.uint8), doubt(0.5))
    assert "not kept" in caplog.text


def test_photographs_without_a_window_get_a_quarter_of_the_room(tmp_path: Path) -> None:
    wanted = Wanted(tmp_path, SETTINGS.model_copy(update={"max_images": 8}))
    for seed in range(12):
        wanted.offer(photo(seed), doubt(0.0 if seed % 2 else 0.5 + seed / 100))
    assert kept(tmp_path) == [0.0, 0.0, 0.5, 0.52, 0.54, 0.56, 0.58, 0.6]


def test_of_equally_doubtful_photographs_the_newest_stay(tmp_path: Path) -> None:
    wanted, files = Wanted(tmp_path, SETTINGS), []
    for seed in range(5):
        wanted.offer(photo(seed), doubt(0.5))
        files.append({each.file for each in wanted_images(tmp_path)})
    assert len(files[4]) == 3
    assert not files[4] & files[1]
