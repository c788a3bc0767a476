"""What every `Registry` does: MLflow in a SQLite file, a real MLflow server, and the tests' own stand-in."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from fakes.registry import FakeRegistry
from servers import answering, model_files
from wms.adapters.mlflow.client import connect
from wms.adapters.mlflow.registry import MlflowRegistry
from wms.core.errors import RegistryError
from wms.core.files import write_bytes
from wms.core.ports import Metric, ModelVersion, Registry, RunStatus

NEVER_STARTED = "0" * 32
WEIGHTS = "a" * 64
OTHER_WEIGHTS = "b" * 64


@pytest.fixture(scope="session")
def sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store for all tests: making its tables takes seconds."""
    return tmp_path_factory.mktemp("mlflow in sqlite żółw #")


@pytest.fixture
def on_sqlite(sqlite_folder: Path) -> MlflowRegistry:
    return MlflowRegistry(
        f"sqlite:///{sqlite_folder / 'deep/mlflow.db'}",
        f"experiment-{uuid.uuid4().hex}",
        f"model-{uuid.uuid4().hex}",
        sqlite_folder / "artifacts",
    )


@dataclass(frozen=True, kw_only=True)
class Told:
    """A run as it is kept, read past the port, which never reads it back."""

    name: str
    status: str
    params: dict[str, str]
    branch: str
    losses: list[tuple[int, float]]
    files: dict[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A run's evaluation, read past the port as MLflow's page reads it."""

    dice: float
    verdict: str
    table: dict[str, list]


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A registry without runs or models, and ways to see what it keeps of a run and of a version."""

    registry: Registry
    told: Callable[[str], Told]
    evaluation: Callable[[str], Evaluation]
    described: Callable[[int], tuple[str, str]]
    model: Callable[[ModelVersion], dict[str, bytes]]


@pytest.fixture(params=["MLflow in SQLite", "MLflow server", "stand-in"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    if request.param == "stand-in":
        folder = tmp_path / "registry"
        return Backend(
            registry=FakeRegistry(folder),
            told=partial(told_stand_in, folder),
            evaluation=partial(evaluation_in_stand_in, folder),
            described=partial(described_in_stand_in, folder),
            model=lambda version: contents(folder / "models" / str(version.version)),
        )
    if request.param == "MLflow in SQLite":
        uri = f"sqlite:///{request.getfixturevalue('sqlite_folder') / 'deep/mlflow.db'}"
        found = request.getfixturevalue("on_sqlite")
    else:
        uri = request.getfixturevalue("mlflow_server")
        found = MlflowRegistry(uri, f"experiment-{uuid.uuid4().hex}", f"model-{uuid.uuid4().hex}", None)
    return Backend(
        registry=found,
        told=partial(told_mlflow, uri, tmp_path / "read back"),
        evaluation=partial(evaluation_in_mlflow, uri, tmp_path / "tables"),
        described=partial(described_in_mlflow, uri, found._model),
        model=lambda version: model_files(uri, version.run_id),
    )


def told_mlflow(uri: str, scratch: Path, run_id: str) -> Told:
    client = connect(uri)
    run = client.get_run(run_id)
    scratch.mkdir()
    return Told(
        name=run.info.run_name,
        status=run.info.status.lower(),
        params=run.data.params,
        branch=run.data.tags["branch"],
        losses=[(each.step, each.value) for each in client.get_metric_history(run_id, "loss")],
        files=contents(Path(client.download_artifacts(run_id, "records", str(scratch)))),
    )


def evaluation_in_mlflow(uri: str, scratch: Path, run_id: str) -> Evaluation:
    client = connect(uri)
    run = client.get_run(run_id)
    (listed,) = json.loads(run.data.tags["mlflow.loggedArtifacts"])
    assert listed["type"] == "table"
    scratch.mkdir()
    table = Path(client.download_artifacts(run_id, listed["path"], str(scratch)))
    return Evaluation(
        dice=run.data.metrics["test_dice"],
        verdict=run.data.tags["gate.verdict"],
        table=json.loads(table.read_bytes()),
    )


def evaluation_in_stand_in(folder: Path, run_id: str) -> Evaluation:
    run = json.loads((folder / "registry.json").read_bytes())["runs"][run_id]
    rows = [list(row) for row in zip(*run["table"].values(), strict=True)]
    return Evaluation(
        dice=run["evaluation"]["test_dice"],
        verdict=run["tags"]["gate.verdict"],
        table={"columns": list(run["table"]), "data": rows},
    )


def described_in_mlflow(uri: str, model: str, version: int) -> tuple[str, str]:
    found = connect(uri).get_model_version(model, str(version))
    return found.description, found.tags["dice"]


def described_in_stand_in(folder: Path, version: int) -> tuple[str, str]:
    found = json.loads((folder / "registry.json").read_bytes())["versions"][version - 1]
    return found["text"], found["tags"]["dice"]


def told_stand_in(folder: Path, run_id: str) -> Told:
    run = json.loads((folder / "registry.json").read_bytes())["runs"][run_id]
    return Told(
        name=run["name"],
        status=run["status"],
        params=run["params"],
        branch=run["tags"]["branch"],
        losses=[(step, value) for name, value, step in run["metrics"] if name == "loss"],
        files=contents(folder / run_id / "records"),
    )


@pytest.fixture
def registry(backend: Backend) -> Registry:
    """A registry without runs or models."""
    return backend.registry


@pytest.fixture
def run_id(registry: Registry) -> str:
    return registry.start_run("a run", params={"epochs": "3"}, tags={"branch": "data/x"})


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    write_bytes(folder / "model.safetensors", bytes(range(256)) * 40)
    write_bytes(folder / "model.json", b"{}\n")
    inputs = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])
    outputs = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "rectifier", [inputs], [outputs])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    write_bytes(folder / "model.onnx", model.SerializeToString())
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def metric(name: str, value: float, step: int) -> Metric:
    return Metric(name=name, value=value, step=step, timestamp_ms=1_763_884_800_000 + step)


def test_an_empty_registry_has_no_versions_and_nothing_in_production(registry: Registry) -> None:
    assert registry.versions() == ()
    registry.set_production(None)
    assert registry.production() is None


@pytest.mark.parametrize("status", ["finished", "failed", "killed"])
def test_all_that_a_run_is_told_is_kept(backend: Backend, bundle: Path, status: RunStatus) -> None:
    registry, losses = backend.registry, [(step, 1.0 / (step + 1)) for step in range(1001)]
    params = {f"p{n}": str(n) for n in range(101)}
    run_id = registry.start_run("a run", params=params, tags={"branch": "data/x"})
    registry.log_metrics(run_id, [metric("loss", value, step) for step, value in losses])
    registry.log_metrics(run_id, [])
    registry.log_files(run_id, bundle, under="records")
    registry.end_run(run_id, status)
    assert backend.told(run_id) == Told(
        name="a run",
        status=status,
        params=params,
        branch="data/x",
        losses=losses,
        files=contents(bundle),
    )


def test_an_evaluation_is_kept_with_its_run_and_can_be_repeated(backend: Backend, run_id: str) -> None:
    for dice in (0.7, 0.8):
        backend.registry.log_evaluation(
            run_id,
            metrics={"test_dice": dice},
            tags={"gate.verdict": "promote"},
            table={"image": ["a", "b"], "Dice": [0.75, dice]},
        )
    kept = backend.evaluation(run_id)
    assert kept == Evaluation(
        dice=0.8, verdict="promote", table={"columns": ["image", "Dice"], "data": [["a", 0.75], ["b", 0.8]]}
    )


def test_runs_are_counted_by_their_tags(registry: Registry) -> None:
    tags = {"gate.question": "better", "test_samples_sha256": "a" * 64}
    assert registry.count_runs(tags, besides="none") == 0
    runs = [registry.start_run(f"run {n}", params={}, tags=tags) for n in range(3)]
    registry.start_run("of other images", params={}, tags=tags | {"test_samples_sha256": "b" * 64})
    assert registry.count_runs(tags, besides="none") == 3
    assert registry.count_runs(tags, besides=runs[0]) == 2


def test_a_version_gets_a_description_and_tags(backend: Backend, run_id: str, bundle: Path) -> None:
    version = backend.registry.register(run_id, bundle, weights_sha256=WEIGHTS).version
    backend.registry.describe(version, "**promote**: better", tags={"dice": "0.81"})
    assert backend.described(version) == ("**promote**: better", "0.81")


def test_a_run_that_was_never_started_is_an_error(registry: Registry, bundle: Path) -> None:
    for name in ("log_metrics", "log_files", "end_run", "register", "fetch_model"):
        with pytest.raises(RegistryError):
            CALLS[name](registry, bundle)


def test_registered_models_are_numbered_and_listed_oldest_first(
    registry: Registry, run_id: str, bundle: Path
) -> None:
    first = registry.register(run_id, bundle, weights_sha256=WEIGHTS)
    other_run = registry.start_run("another run", params={}, tags={})
    second = registry.register(other_run, bundle, weights_sha256=OTHER_WEIGHTS)
    assert (first.version, first.run_id, first.weights_sha256) == (1, run_id, WEIGHTS)
    assert (second.version, second.run_id, second.weights_sha256) == (2, other_run, OTHER_WEIGHTS)
    assert registry.versions() == (first, second)
    assert abs(datetime.now(UTC) - first.created_at) < timedelta(hours=1)


def test_the_same_weights_again_are_the_same_version(registry: Registry, run_id: str, bundle: Path) -> None:
    first = registry.register(run_id, bundle, weights_sha256=WEIGHTS)
    other_run = registry.start_run("the same again", params={}, tags={})
    assert registry.register(other_run, bundle, weights_sha256=WEIGHTS) == first
    assert registry.versions() == (first,)


def test_a_bundle_is_kept_byte_for_byte(backend: Backend, run_id: str, bundle: Path) -> None:
    before = contents(bundle)
    version = backend.registry.register(run_id, bundle, weights_sha256=WEIGHTS)
    assert backend.model(version) == before == contents(bundle)


def test_a_registered_bundle_is_fetched_in_the_place_of_another(
    registry: Registry, run_id: str, bundle: Path, tmp_path: Path
) -> None:
    version = registry.register(run_id, bundle, weights_sha256=WEIGHTS)
    write_bytes(tmp_path / "fetched/of-another.txt", b"")
    registry.fetch_model(version, tmp_path / "fetched")
    assert contents(tmp_path / "fetched") == contents(bundle)


def test_the_version_in_production_is_set_moved_and_removed(
    registry: Registry, run_id: str, bundle: Path
) -> None:
    registry.register(run_id, bundle, weights_sha256=WEIGHTS)
    other_run = registry.start_run("another run", params={}, tags={})
    registry.register(other_run, bundle, weights_sha256=OTHER_WEIGHTS)
    assert registry.production() is None
    for version in (1, 2, None, None):
        registry.set_production(version)
        assert registry.production() == version


def test_an_unknown_version_is_an_error(registry: Registry, run_id: str, bundle: Path) -> None:
    registry.register(run_id, bundle, weights_sha256=WEIGHTS)
    with pytest.raises(RegistryError):
        registry.set_production(9)


def test_mlflow_itself_can_load_the_registered_model(
    on_sqlite: MlflowRegistry, bundle: Path, sqlite_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = on_sqlite.start_run("a run", params={}, tags={})
    on_sqlite.register(run_id, bundle, weights_sha256=WEIGHTS)
    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{sqlite_folder / 'deep/mlflow.db'}")
    loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    answer = loaded.predict({"x": np.array([[-1.0, 2.0]], dtype=np.float32)})
    assert answer["y"].tolist() == [[0.0, 2.0]]
    assert onnx.load(bundle / "model.onnx").graph.name == "rectifier"


def test_a_store_that_was_moved_finds_its_models_and_leaves_the_old_place_alone(
    bundle: Path, tmp_path: Path
) -> None:
    def opened(folder: Path) -> MlflowRegistry:
        return MlflowRegistry(
            f"sqlite:///{folder / 'mlflow.db'}", "experiment", "model", folder / "artifacts"
        )

    old, new = tmp_path / "old place", tmp_path / "new 'place' żółw"
    before = opened(old)
    first = before.register(before.start_run("a run", params={}, tags={}), bundle, weights_sha256=WEIGHTS)
    before.set_production(first.version)
    old.rename(new)

    after = opened(new)
    assert after.production() == first.version
    uri = f"sqlite:///{new / 'mlflow.db'}"
    assert model_files(uri, first.run_id) == contents(bundle)
    second = after.register(
        after.start_run("another", params={}, tags={}), bundle, weights_sha256=OTHER_WEIGHTS
    )
    assert model_files(uri, second.run_id) == contents(bundle)
    assert not old.exists()
    client = connect(uri)
    for version in (first, second):
        source = client.get_model_version("model", str(version.version)).source
        assert source.startswith(f"{new / 'artifacts'}/")


def test_a_file_that_is_no_store_is_an_error(bundle: Path, tmp_path: Path) -> None:
    write_bytes(tmp_path / "mlflow.db", b"no database, and long enough to be looked at" * 10)
    with pytest.raises(RegistryError, match=r"mlflow\.db"):
        MlflowRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}", "e", "m", tmp_path / "artifacts").versions()


@pytest.fixture
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")


NOT_THERE = ModelVersion(
    version=1, run_id=NEVER_STARTED, weights_sha256=WEIGHTS, created_at=datetime(2026, 11, 23, tzinfo=UTC)
)
CALLS: dict[str, Callable[[Registry, Path], object]] = {
    "start_run": lambda registry, folder: registry.start_run("x", params={}, tags={}),
    "log_metrics": lambda registry, folder: registry.log_metrics(NEVER_STARTED, [metric("loss", 1.0, 0)]),
    "log_files": lambda registry, folder: registry.log_files(NEVER_STARTED, folder, under="x"),
    "end_run": lambda registry, folder: registry.end_run(NEVER_STARTED, "failed"),
    "register": lambda registry, folder: registry.register(NEVER_STARTED, folder, weights_sha256=WEIGHTS),
    "fetch_model": lambda registry, folder: registry.fetch_model(NOT_THERE, folder / "fetched"),
    "versions": lambda registry, folder: registry.versions(),
    "production": lambda registry, folder: registry.production(),
    "set_production": lambda registry, folder: registry.set_production(1),
    "remove production": lambda registry, folder: registry.set_production(None),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.usefixtures("one_attempt")
def test_a_server_that_does_not_answer_is_an_error_without_credentials(
    call: Callable[[Registry, Path], object], nobody_listens: str, tmp_path: Path
) -> None:
    registry = MlflowRegistry(f"http://user:hunter2@{nobody_listens}", "experiment", "model", None)
    with pytest.raises(RegistryError) as caught:
        call(registry, tmp_path)
    assert nobody_listens in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.usefixtures("one_attempt")
def test_a_404_that_is_not_mlflows_is_an_error(
    call: Callable[[Registry, Path], object], tmp_path: Path
) -> None:
    with (
        answering(lambda *_: 404, body=b"<html>404 Not Found</html>") as port,
        pytest.raises(RegistryError),
    ):
        call(MlflowRegistry(f"http://127.0.0.1:{port}", "experiment", "model", None), tmp_path)


@pytest.mark.parametrize("name", ["what?", "100%"])
def test_a_sqlite_path_that_is_no_address_is_an_error(tmp_path: Path, name: str) -> None:
    registry = MlflowRegistry(f"sqlite:///{tmp_path / name / 'mlflow.db'}", "experiment", "model", tmp_path)
    with pytest.raises(RegistryError):
        registry.production()
    assert list(tmp_path.iterdir()) == []
