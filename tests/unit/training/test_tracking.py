import threading
from itertools import pairwise

import pytest

from factories import make_manifest, make_train_result
from fakes.registry import FakeRegistry
from wms.core.errors import RecordError, RegistryError
from wms.training import tracking
from wms.training.tracking import STATE_FILE, Tracker, deliver_rest

RESULT = make_train_result(make_manifest(10))
EPOCHS = [metrics.model_copy(update={"epoch": number}) for number, metrics in enumerate(RESULT.epochs[:5])]
RESULT = RESULT.model_copy(update={"epochs": tuple(EPOCHS)})


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(tracking, "FIRST_PAUSE_SECONDS", 0.001)


class Flaky(FakeRegistry):
    """Fails its first `failures` calls of one method."""

    def __init__(self, folder, *, method, failures):
        super().__init__(folder)
        self.method, self.failures = method, failures

    def _maybe_fail(self, method):
        if method == self.method and self.failures:
            self.failures -= 1
            raise RegistryError("try again")

    def start_run(self, name, *, params, tags):
        self._maybe_fail("start_run")
        return super().start_run(name, params=params, tags=tags)

    def log_metrics(self, run_id, metrics):
        self._maybe_fail("log_metrics")
        super().log_metrics(run_id, metrics)

    def end_run(self, run_id, status):
        self._maybe_fail("end_run")
        super().end_run(run_id, status)


def track(out, registry, epochs, *, finish=True):
    out.mkdir(exist_ok=True)
    tracker = Tracker(out=out, registry=registry, run_name="run", params={"a": "1"}, tags={})
    for number in range(len(epochs)):
        tracker.track(epochs[: number + 1])
    return tracker.finish("finished", wait_seconds=30) if finish else tracker


def steps_logged(registry):
    (only,) = registry._load()["runs"].values()
    return [step for name, _, step in only["metrics"] if name == "val_dice"]


@pytest.mark.parametrize("method", ["start_run", "log_metrics", "end_run"])
def test_a_server_that_fails_once_gets_everything_in_the_end(tmp_path, method):
    registry = Flaky(tmp_path / "registry", method=method, failures=1)
    assert track(tmp_path / "out", registry, EPOCHS)
    assert steps_logged(registry) == [0, 1, 2, 3, 4]


def test_retries_are_bounded(tmp_path):
    registry = Flaky(tmp_path / "registry", method="log_metrics", failures=10_000)
    assert not track(tmp_path / "out", registry, EPOCHS)
    assert registry.failures >= 10_000 - len(EPOCHS) - 1 - tracking.ATTEMPTS


def test_the_rest_is_delivered_later_without_repeating_what_arrived(tmp_path):
    registry = Flaky(tmp_path / "registry", method="end_run", failures=tracking.ATTEMPTS)
    assert not track(tmp_path / "out", registry, EPOCHS)
    flushed = deliver_rest(RESULT, out=tmp_path / "out", registry=registry)
    assert flushed.tracking_complete
    assert steps_logged(registry) == [0, 1, 2, 3, 4]


def test_what_cannot_be_delivered_later_either_stays_incomplete(tmp_path):
    registry = Flaky(tmp_path / "registry", method="log_metrics", failures=10_000)
    assert not track(tmp_path / "out", registry, EPOCHS)
    assert not deliver_rest(RESULT, out=tmp_path / "out", registry=registry).tracking_complete


def test_a_server_that_knows_nothing_of_the_training_yet_is_an_error(tmp_path):
    registry = Flaky(tmp_path / "registry", method="start_run", failures=10_000)
    track(tmp_path / "out", registry, EPOCHS)
    with pytest.raises(RegistryError, match="try again"):
        deliver_rest(RESULT, out=tmp_path / "out", registry=registry)


def test_a_delivery_that_hangs_is_taken_over_and_its_late_answer_changes_nothing(tmp_path):
    release = threading.Event()

    class Hanging(FakeRegistry):
        def start_run(self, name, *, params, tags):
            release.wait(60)
            return super().start_run(name, params=params, tags=tags)

    tracker = track(tmp_path / "out", Hanging(tmp_path / "hanging"), EPOCHS, finish=False)
    assert not tracker.finish("finished", wait_seconds=0.01)
    delivered = deliver_rest(RESULT, out=tmp_path / "out", registry=FakeRegistry(tmp_path / "registry"))
    state = (tmp_path / "out" / STATE_FILE).read_bytes()
    release.set()
    tracker._thread.join(30)
    assert delivered.tracking_complete
    assert (tmp_path / "out" / STATE_FILE).read_bytes() == state


def test_a_training_that_was_stopped_and_goes_on_is_closed_at_its_new_end(tmp_path):
    registry = FakeRegistry(tmp_path / "registry")
    track(tmp_path / "out", registry, EPOCHS[:2], finish=False).finish("killed", wait_seconds=30)
    tracker = track(tmp_path / "out", registry, EPOCHS, finish=False)
    tracker.finish("finished", wait_seconds=30)
    (only,) = registry._load()["runs"].values()
    assert only["status"] == "finished"
    assert steps_logged(registry) == [0, 1, 2, 3, 4]


def test_an_epoch_that_was_sent_before_a_kill_is_not_sent_again(tmp_path):
    registry = FakeRegistry(tmp_path / "registry")
    track(tmp_path / "out", registry, EPOCHS[:3])
    assert track(tmp_path / "out", registry, EPOCHS)
    assert steps_logged(registry) == [0, 1, 2, 3, 4]


def test_many_epochs_go_in_requests_that_a_server_takes(tmp_path, monkeypatch):
    monkeypatch.setattr(tracking, "EPOCHS_PER_REQUEST", 2)
    sizes = []

    class Measuring(FakeRegistry):
        def log_metrics(self, run_id, metrics):
            sizes.append(len({metric.step for metric in metrics}))
            super().log_metrics(run_id, metrics)

    registry = Measuring(tmp_path / "registry")
    assert track(tmp_path / "out", registry, EPOCHS)
    assert max(sizes) <= 2
    assert steps_logged(registry) == [0, 1, 2, 3, 4]


def test_a_folder_without_a_tracked_training_is_an_error(tmp_path):
    with pytest.raises(RecordError, match="tracking"):
        deliver_rest(RESULT, out=tmp_path, registry=FakeRegistry(tmp_path / "registry"))


def test_an_epoch_has_the_time_at_which_it_ended(tmp_path):
    times = []

    class Timing(FakeRegistry):
        def log_metrics(self, run_id, metrics):
            times.extend(metric.timestamp_ms for metric in metrics if metric.name == "val_dice")
            super().log_metrics(run_id, metrics)

    track(tmp_path / "out", Timing(tmp_path / "registry"), EPOCHS)
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx(
        [1000 * metrics.seconds for metrics in EPOCHS[1:]], abs=1
    )
