"""A tracking server that is away while a model trains: nothing is lost, and nothing is trained again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from factories import make_request
from fakes.registry import FakeRegistry
from meters import tiny_settings, write_dataset
from pipeline.conftest import Open, run_on
from pipeline.small import write_small_pairs
from servers import free_port, mlflow_serving
from wms.adapters.absent import Absent
from wms.adapters.mlflow.client import connect
from wms.adapters.mlflow.registry import MlflowRegistry
from wms.core.context import Context
from wms.core.errors import InputError, RegistryAwayError, RegistryError
from wms.core.files import read_record, write_bytes, write_record
from wms.core.ports import Registry
from wms.core.records.training import Candidate, TrainResult
from wms.run.preflight import preflight
from wms.training import candidate as training
from wms.training import tracking
from wms.training import train as train_step
from wms.training.process_group import ProcessGroup


class AwayWhile(FakeRegistry):
    """Answers with an error while `away` is true."""

    away = False

    def _load(self) -> dict:
        if self.away:
            raise RegistryError("connection refused")
        return super()._load()


def with_registry(ctx: Context, registry: Registry) -> Context:
    return replace(ctx, ports=replace(ctx.ports, registry=registry))


@pytest.fixture
def trainable(small_workspace: Open, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A run whose dataset is ready; its training is a real one, of a tiny network."""
    ctx = small_workspace()
    monkeypatch.setattr(training, "train", train_step.train)
    monkeypatch.setattr(
        "wms.training.start.load_train_settings", lambda root, overrides: tiny_settings(epochs=2)
    )
    monkeypatch.setattr("wms.training.tracking.FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    manifest = write_dataset(ctx.layout.dataset)
    write_record(ctx.layout.record("request"), make_request())
    write_bytes(ctx.layout.manifest, manifest.to_jsonl())
    return ctx


def take_up(ctx: Context) -> TrainResult:
    return training.train_candidate(ctx, ProcessGroup(), resume="if it fits")


def test_a_server_that_comes_back_gets_the_whole_training_and_the_model(
    trainable: Context, tmp_path: Path
) -> None:
    port = free_port()
    ctx = with_registry(
        trainable, MlflowRegistry(f"http://127.0.0.1:{port}", "experiment", "model", artifact_root=None)
    )
    with pytest.raises(RegistryError, match=r"safe in .*run/model"):
        take_up(ctx)
    away = read_record(ctx.layout.record("train"), TrainResult)
    assert away.run_id.startswith("untracked-")
    trained = (ctx.layout.bundle / "model.safetensors").stat().st_mtime_ns

    with mlflow_serving(tmp_path, port) as address:
        take_up(ctx)
        candidate = read_record(ctx.layout.record("candidate"), Candidate)
        run = connect(address).get_run(candidate.run_id)
        epochs = connect(address).get_metric_history(candidate.run_id, "val_dice")

    result = read_record(ctx.layout.record("train"), TrainResult)
    assert (result.run_id, result.tracking_complete) == (candidate.run_id, True)
    assert candidate.weights_sha256 == away.weights_sha256
    assert (ctx.layout.bundle / "model.safetensors").stat().st_mtime_ns == trained
    assert run.info.status == "FINISHED"
    assert [metric.step for metric in epochs] == [0, 1]


def test_a_server_that_stays_away_is_the_same_error_again_without_training(
    trainable: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = AwayWhile(trainable.layout.state / "registry")
    registry.away = True
    ctx = with_registry(trainable, registry)
    with pytest.raises(RegistryError):
        take_up(ctx)
    monkeypatch.setattr(training, "train", lambda **_: pytest.fail("trained again"))
    with pytest.raises(RegistryError):
        take_up(ctx)


def test_a_registry_on_an_instance_that_is_not_up_hinders_no_preflight(small_workspace: Open) -> None:
    away = Absent(RegistryAwayError("MLflow is on the instance"))
    report = preflight(with_registry(small_workspace(), cast("Registry", away)))
    (line,) = [line for line in report.lines if line.what == "model registry"]
    assert (line.ok, "once the instance is up" in line.result) == (True, True)


def test_other_settings_are_another_training(trainable: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    first = take_up(trainable)
    monkeypatch.setattr(
        "wms.training.start.load_train_settings", lambda root, overrides: tiny_settings(seed=9)
    )
    assert take_up(trainable).weights_sha256 != first.weights_sha256


def test_a_bundle_that_was_damaged_after_training_is_exported_again(trainable: Context) -> None:
    first = take_up(trainable)
    write_bytes(trainable.layout.bundle / "model.onnx", b"damaged")
    assert take_up(trainable).weights_sha256 == first.weights_sha256


def test_a_whole_run_goes_on_by_the_same_command(
    small_workspace: Open, written_training: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = AwayWhile(tmp_path / "registry")
    ctx = with_registry(small_workspace(), registry)
    pairs = write_small_pairs(tmp_path / "pairs", count=24, seed=1)

    def train_then_away(*inputs: object, **arguments: object) -> TrainResult:
        result = written_training(*inputs, **arguments)
        registry.away = True
        return result

    monkeypatch.setattr(training, "train", train_then_away)
    with pytest.raises(RegistryError):
        run_on(ctx, pairs, skill=100)
    with pytest.raises(InputError, match="trained model is safe"):
        run_on(ctx, pairs, skill=100)
    registry.away = False
    assert run_on(ctx, pairs, skill=100).outcome == "promoted"
    assert written_training.calls == 1


def test_metrics_that_were_missed_are_sent_when_a_run_is_taken_up_after_registering(
    trainable: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoMetrics(FakeRegistry):
        def log_metrics(self, run_id, metrics):  # type: ignore[no-untyped-def]
            raise RegistryError("try later")

    folder = trainable.layout.state / "registry"
    assert not take_up(with_registry(trainable, NoMetrics(folder))).tracking_complete
    tracking.finish_tracking(with_registry(trainable, FakeRegistry(folder)))
    assert read_record(trainable.layout.record("train"), TrainResult).tracking_complete
