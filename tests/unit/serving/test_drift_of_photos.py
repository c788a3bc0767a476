"""Streams of rendered photographs, answered with their exact masks: which of them alarm.

`benchmarks/drift.py` measures the same with a network, on more photographs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count as numbers
from itertools import islice

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from factories import make_metadata, sha256
from unit.serving.test_drift import TODAY
from wms.core.records.drift import DayCounts, DriftReference, DriftReport, ServiceCounts, count
from wms.core.records.measures import Measures
from wms.core.settings import load_drift_settings
from wms.imaging.measures import measure
from wms.serving.drift import compare
from wms.synth.render import meter_of, render
from workflows.files import ROOT

IMAGES = 40
LIGHT, DARK = ("north", "river", "quartet", "orchard"), ("azure",)
"""Makes with a light face, and one with a dark face."""

Shown = tuple[Image.Image, Image.Image]
"""A photograph and its mask."""

MODEL = make_metadata(3)
SETTINGS = load_drift_settings(ROOT).model_copy(update={"min_images": IMAGES})


def photos(makes: tuple[str, ...], *, seed: int) -> list[Shown]:
    of_make = (number for number in numbers() if meter_of(seed, number).style.name in makes)
    rendered = (render(seed, number) for number in islice(of_make, IMAGES))
    return [(photo.image, Image.fromarray(np.asarray(photo.mask(), dtype=np.uint8))) for photo in rendered]


def answered(shown: Iterable[Shown]) -> list[Measures]:
    return [
        measure(np.asarray(photo), (np.asarray(mask) > 127).astype(np.float32), 0.5) for photo, mask in shown
    ]


@pytest.fixture(scope="module")
def stream() -> list[Shown]:
    return photos(LIGHT, seed=2)


Report = Callable[[list[Shown]], DriftReport]


@pytest.fixture(scope="module")
def reported() -> Report:
    reference = DriftReference(
        onnx_sha256=MODEL.onnx_sha256,
        samples_sha256=sha256("samples"),
        images=IMAGES,
        counts=count(answered(photos(LIGHT, seed=1))),
    )

    def report(shown: list[Shown]) -> DriftReport:
        counts = count(answered(shown))
        day = DayCounts(day=TODAY, onnx_sha256=MODEL.onnx_sha256, images=len(shown), counts=counts)
        return compare(MODEL, reference, ServiceCounts(days=(day,)), since=TODAY, settings=SETTINGS)

    return report


def test_other_photographs_of_the_same_makes_raise_no_alarm(reported: Report, stream: list[Shown]) -> None:
    assert reported(stream).verdict == "steady"


def test_darker_photographs_alarm_by_their_brightness(reported: Report, stream: list[Shown]) -> None:
    found = reported([(ImageEnhance.Brightness(photo).enhance(0.5), mask) for photo, mask in stream])
    assert "brightness" in found.moved


def test_photographs_turned_by_a_quarter_alarm_by_the_window_s_angle(
    reported: Report, stream: list[Shown]
) -> None:
    quarter = Image.Transpose.ROTATE_90
    found = reported([(photo.transpose(quarter), mask.transpose(quarter)) for photo, mask in stream])
    assert found.moved == ("window_angle_degrees",)


def test_another_make_of_meter_alarms(reported: Report) -> None:
    assert reported(photos(DARK, seed=2)).verdict == "moved"
