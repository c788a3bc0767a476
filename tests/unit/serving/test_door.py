"""Rates and places, without a server."""

from __future__ import annotations

import threading
import time

import pytest

from services import ROOT
from wms.core.settings import SERVE_CONFIG, ServeSettings, load_settings
from wms.core.settings.serve import MEGAPIXEL
from wms.serving import door
from wms.serving.answer import RefusedError
from wms.serving.door import Door, Places, Rate
from wms.serving.work import PixelBudget


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_then_the_rate() -> None:
    clock = Clock()
    rate = Rate(60, 3, clock)
    assert [rate.wait_seconds("a") for _ in range(4)] == [0, 0, 0, 1]
    assert rate.wait_seconds("b") == 0
    clock.now += 0.5
    assert rate.wait_seconds("a") == 0.5
    clock.now += 0.5
    assert [rate.wait_seconds("a") for _ in range(2)] == [0, 1]
    clock.now += 100
    assert [rate.wait_seconds("a") for _ in range(4)] == [0, 0, 0, 1]


def test_clients_that_are_gone_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "CLIENTS", 10)
    clock = Clock()
    rate = Rate(60, 3, clock)
    for number in range(10):
        rate.wait_seconds(str(number))
    clock.now += 60
    rate.wait_seconds("one more")
    assert set(rate._due) == {"one more"}


def test_known_clients_are_limited_also_when_no_more_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "CLIENTS", 1)
    rate = Rate(60, 2, Clock())
    assert rate.wait_seconds("known") == 0
    assert rate.wait_seconds("one more") == 0
    assert [rate.wait_seconds("known") for _ in range(2)] == [0, 1]


def test_places_are_taken_together_or_not_at_all() -> None:
    places = Places(3)
    assert places.take(2)
    assert not places.take(2)
    assert places.taken == 2
    places.give(2)
    assert places.take(3)


@pytest.fixture
def small_door() -> Door:
    changed = {"queue": 4, "max_images": 4, "max_request_mib": 20, "uploads_mib": 40}
    return Door(load_settings(ROOT / SERVE_CONFIG, ServeSettings, changed), workers=2, api_key=None)


def test_a_visit_gives_its_places_back_however_it_ends(small_door: Door) -> None:
    with small_door.visit(1000) as visit:
        visit.widen(4)
        assert small_door.places.taken == 4
        with pytest.raises(RefusedError, match="queue"), small_door.visit(1000):
            pass
    with small_door.visit(1000) as visit, pytest.raises(RefusedError, match="queue"):
        visit.widen(5)
    with pytest.raises(ValueError, match="a defect"), small_door.visit(1000):
        raise ValueError("a defect")
    assert small_door.places.taken == 0


def test_uploads_of_unknown_length_count_as_the_longest(small_door: Door) -> None:
    with small_door.visit(None), small_door.visit(None):
        with pytest.raises(RefusedError, match="40 MiB of uploads"), small_door.visit(1):
            pass
        assert small_door.places.taken == 2
    with small_door.visit(1):
        pass


def test_the_wait_follows_from_the_queue_and_the_time_of_an_image(small_door: Door) -> None:
    for _ in range(200):
        small_door.note(3.0)
    with small_door.visit(1) as visit:
        visit.widen(4)
        with pytest.raises(RefusedError) as caught, small_door.visit(1):
            pass
    assert caught.value.retry_after_seconds == 6


def test_the_photographs_of_phones_fit_and_two_of_the_usual_size_at_once() -> None:
    settings = load_settings(ROOT / SERVE_CONFIG, ServeSettings)
    assert settings.max_megapixels * MEGAPIXEL >= 5712 * 4284
    assert settings.megapixels_at_once * MEGAPIXEL >= 2 * 4032 * 3024


def test_pixels_that_do_not_fit_wait_in_the_order_in_which_they_came() -> None:
    budget, began = PixelBudget(10), []

    def hold(pixels: int) -> None:
        with budget.hold(pixels):
            began.append(pixels)

    with budget.hold(6):
        waiting = []
        for pixels in (9, 1):
            waiting.append(threading.Thread(target=hold, args=(pixels,)))
            waiting[-1].start()
            while budget.waiting < len(waiting):
                time.sleep(0.001)
        time.sleep(0.05)
        assert began == []
    for each in waiting:
        each.join(timeout=10)
    assert began == [9, 1]
