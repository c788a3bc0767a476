from pathlib import Path

import pytest

from meters import ROOT, tiny_settings
from wms.core.errors import InputError
from wms.core.settings import TRAIN_CONFIG, load_train_settings


def test_the_projects_own_settings_are_valid():
    settings = load_train_settings(ROOT)
    assert settings.stage_sizes_px[-1] == settings.image_size_px


def test_a_top_level_value_can_be_replaced_for_one_run():
    assert load_train_settings(ROOT, {"epochs": 3, "max_minutes": 5}).epochs == 3


@pytest.mark.parametrize(
    ("images", "warm", "minutes"),
    [(10, False, 4.0), (100, False, 6.0), (200, False, 12.0), (200, True, 6.0), (5000, False, 45.0)],
    ids=["floor", "rate", "more-data", "warm", "ceiling"],
)
def test_the_budget_follows_the_data(images, warm, minutes):
    budget = {"minutes_per_100_images": 6.0, "min_minutes": 4.0, "max_minutes": 45.0}
    settings = tiny_settings(**budget, warm_start={"minutes": 0.5})
    assert settings.minutes(images, warm=warm) == minutes


def test_without_a_rate_the_budget_is_what_is_set():
    settings = tiny_settings(minutes_per_100_images=0.0, max_minutes=8.0)
    assert settings.minutes(5000, warm=True) == 8.0
    assert tiny_settings(max_minutes=None).minutes(5000, warm=False) is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"image_size_px": 30}, "multiple of"),
        ({"stages": [{"scale": 1.0, "share": 0.5}]}, "sum to 1"),
        ({"stages": [{"scale": 0.5, "share": 1.0}]}, "last stage"),
        ({"stages": []}, "stages"),
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"learnig_rate": 0.1}, "learnig_rate"),
        ({"loss": {"bce_weight": 0.0, "dice_weight": 0.0}}, "above zero"),
        ({"precision": "float8"}, "precision"),
    ],
)
def test_a_value_that_makes_no_sense_is_an_error_that_names_it(changes, named):
    with pytest.raises(InputError, match=named):
        tiny_settings(**changes)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match=Path(TRAIN_CONFIG).name):
        load_train_settings(tmp_path)


def test_stage_sizes_are_what_the_network_can_halve():
    settings = tiny_settings(
        image_size_px=96,
        depth=4,
        stem_stride=2,
        stages=[{"scale": 0.4, "share": 0.3}, {"scale": 0.7, "share": 0.3}, {"scale": 1.0, "share": 0.4}],
    )
    assert settings.stage_sizes_px == (32, 64, 96)
