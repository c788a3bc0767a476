"""A real tracking server that is killed in the middle of a training and comes back while it goes on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from factories import make_manifest, make_train_result
from servers import free_port, mlflow_serving
from wms.adapters.mlflow.client import connect
from wms.adapters.mlflow.registry import MlflowRegistry
from wms.core.records.training import EpochMetrics
from wms.training.tracking import Tracker
from wms.training.train import TRACKING_WAIT_SECONDS

METRICS = make_train_result(make_manifest(10)).epochs[0]
EPOCH_SECONDS = 0.5
BEFORE, AFTER = 4, 4
TRACKING_SECONDS = 0.25
"""What a training may wait for its tracker in an epoch, on a busy machine."""


@pytest.mark.parametrize("away_seconds", [1, pytest.param(60, marks=pytest.mark.soak)])
@pytest.mark.soak
def test_a_server_that_dies_in_the_middle_costs_no_metric_and_no_time(
    tmp_path: Path, away_seconds: int
) -> None:
    port = free_port()
    store, out = tmp_path / "server", tmp_path / "run"
    store.mkdir()
    out.mkdir()
    waited: list[float] = []
    epochs: list[EpochMetrics] = []

    def train(tracker: Tracker, number: int) -> None:
        for _ in range(number):
            time.sleep(EPOCH_SECONDS)
            began = time.monotonic()
            epochs.append(METRICS.model_copy(update={"epoch": len(epochs)}))
            tracker.track(tuple(epochs))
            waited.append(time.monotonic() - began)

    with mlflow_serving(store, port) as address:
        registry = MlflowRegistry(address, "experiment", "model", artifact_root=None)
        tracker = Tracker(out=out, registry=registry, run_name="run", params={}, tags={})
        train(tracker, BEFORE)
    train(tracker, int(away_seconds / EPOCH_SECONDS))
    with mlflow_serving(store, port):
        train(tracker, AFTER)
        assert tracker.finish("finished", wait_seconds=TRACKING_WAIT_SECONDS)
        history = connect(address).get_metric_history(tracker.run_id, "val_dice")
        status = connect(address).get_run(tracker.run_id).info.status

    assert max(waited) < TRACKING_SECONDS
    assert [metric.step for metric in history] == list(range(len(epochs)))
    assert status == "FINISHED"
