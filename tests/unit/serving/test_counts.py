from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from factories import sha256
from wms.core.errors import Code, InputError, RecordError
from wms.core.files import read_record, write_bytes
from wms.core.records.drift import EDGES, ServiceCounts
from wms.core.records.measures import Measures
from wms.serving.counts import COUNTS_FILE, DriftCounts, counting_alone

MODEL, LATER_MODEL = sha256("model"), sha256("later model")
IMAGE = Measures(
    brightness=100.0,
    sharpness=300.0,
    size_px=1333,
    coverage=0.02,
    confidence=0.93,
    window_angle_degrees=None,
)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(folder: Path, clock: Clock, *, write_seconds: float = 60) -> DriftCounts:
    return DriftCounts(folder, keep_days=3, write_seconds=write_seconds, clock=clock)


def days(counts: ServiceCounts) -> list[tuple[date, str, int]]:
    return [(each.day, each.onnx_sha256, each.images) for each in counts.days]


def test_images_are_counted_by_day_and_model(tmp_path: Path, clock: Clock) -> None:
    service = opened(tmp_path, clock)
    service.observe(IMAGE, onnx_sha256=MODEL)
    service.observe(IMAGE, onnx_sha256=MODEL)
    clock.now += timedelta(minutes=2)
    service.observe(IMAGE, onnx_sha256=LATER_MODEL)
    assert days(service.counts()) == [
        (date(2026, 11, 30), MODEL, 2),
        (date(2026, 12, 1), LATER_MODEL, 1),
    ]
    first = service.counts().days[0].counts
    assert sum(first["brightness"]) == first["brightness"][100 // 4] == 2
    assert sum(first["window_angle_degrees"]) == 0


def test_a_restart_goes_on_counting(tmp_path: Path, clock: Clock) -> None:
    before = opened(tmp_path, clock)
    before.observe(IMAGE, onnx_sha256=MODEL)
    before.write()
    again = opened(tmp_path, clock)
    again.observe(IMAGE, onnx_sha256=MODEL)
    assert days(again.counts()) == [(date(2026, 11, 30), MODEL, 2)]


def test_the_file_follows_at_the_interval_while_images_come(tmp_path: Path, clock: Clock) -> None:
    service = opened(tmp_path, clock)
    service.observe(IMAGE, onnx_sha256=MODEL)
    assert not (tmp_path / COUNTS_FILE).exists()
    clock.now += timedelta(seconds=60)
    service.observe(IMAGE, onnx_sha256=MODEL)
    for _ in range(500):
        if (tmp_path / COUNTS_FILE).is_file():
            break
        time.sleep(0.01)
    assert read_record(tmp_path / COUNTS_FILE, ServiceCounts).images == 2


def test_old_days_are_dropped(tmp_path: Path, clock: Clock) -> None:
    service = opened(tmp_path, clock, write_seconds=1e9)
    for _ in range(5):
        service.observe(IMAGE, onnx_sha256=MODEL)
        service.counts()
        clock.now += timedelta(days=1)
    assert [day for day, _, _ in days(service.counts())] == [date(2026, 12, day) for day in (2, 3, 4)]


def test_no_image_is_lost_between_threads(tmp_path: Path, clock: Clock) -> None:
    service = opened(tmp_path, clock)

    def observe() -> None:
        for _ in range(200):
            service.observe(IMAGE, onnx_sha256=MODEL)
            service.counts()

    threads = [threading.Thread(target=observe) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.counts().images == 800


def test_a_folder_that_cannot_be_written_stops_no_answer(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    service = opened(tmp_path / "file", clock)
    service.observe(IMAGE, onnx_sha256=MODEL)
    service.write()
    assert "counts are not stored" in caplog.text
    assert service.counts().images == 1


def test_another_file_of_that_name_is_an_error(tmp_path: Path, clock: Clock) -> None:
    write_bytes(tmp_path / COUNTS_FILE, b"[]")
    with pytest.raises(RecordError):
        opened(tmp_path, clock)


def test_counts_of_other_bins_are_put_aside(tmp_path: Path, clock: Clock) -> None:
    other = ServiceCounts(edges=dict(EDGES) | {"brightness": (128.0,)})
    write_bytes(tmp_path / COUNTS_FILE, other.to_json())
    assert opened(tmp_path, clock).counts() == ServiceCounts()


def test_two_services_do_not_count_in_one_folder(tmp_path: Path) -> None:
    with counting_alone(tmp_path):
        with pytest.raises(InputError, match="another service") as caught, counting_alone(tmp_path):
            pass
        assert caught.value.code is Code.BUSY
    with counting_alone(tmp_path):
        pass


def test_a_folder_that_cannot_be_held_stops_no_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with counting_alone(tmp_path / "file"):
        assert "counts are not stored" in caplog.text
