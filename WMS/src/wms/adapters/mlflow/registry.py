"""Experiment tracking and the model registry by MLflow, in a SQLite file or on a server."""

from __future__ import annotations

import functools
import json
import logging
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wms.adapters.messages import without_credentials
from wms.adapters.mlflow.client import SQLITE, allowing, answering, connect
from wms.adapters.mlflow.relocate import relocate
from wms.core.errors import RegistryError
from wms.core.files import replacing_folder
from wms.core.ports import Metric, ModelVersion, Registry, RunStatus

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion

log = logging.getLogger(__name__)

T = TypeVar("T")

ALIAS = "production"
WEIGHTS_TAG = "weights_sha256"
MODEL_FOLDER = "model"
DESCRIPTION_FILE = "MLmodel"
ONNX_FILE = "model.onnx"
EVALUATION_TABLE = "evaluation.json"
LOGGED_ARTIFACTS = "mlflow.loggedArtifacts"
"""The tag that names the tables of a run, so that MLflow's page shows them under *Evaluation*."""

METRICS_PER_REQUEST = 1000
PARAMS_PER_REQUEST = 100
"""MLflow's own limits of one `log-batch` request."""


class MlflowRegistry(Registry):
    """`Registry` by MLflow's client; MLflow is imported, and asked, at the first call.

    Args:
        tracking_uri: `sqlite:///PATH`, or the `http(s)://` address of a server. Credentials come
            from it or from MLflow's own environment variables.
        experiment: the experiment of the runs; created if missing.
        model_name: the registered model; created with its first version.
        artifact_root: the folder for the artifacts of a new experiment; `None` with a server, which
            decides itself.
    """

    def __init__(
        self, tracking_uri: str, experiment: str, model_name: str, artifact_root: Path | None
    ) -> None:
        self._uri = tracking_uri
        self._experiment = experiment
        self._model = model_name
        self._artifact_root = artifact_root

    def start_run(self, name: str, *, params: Mapping[str, str], tags: Mapping[str, str]) -> str:
        with answering(self._uri, "a run could not be opened"):
            from mlflow.entities import Param

            run = self._client.create_run(self._experiment_id(), run_name=name, tags=dict(tags))
            run_id = str(run.info.run_id)
            for part in _parts([Param(key, value) for key, value in params.items()], PARAMS_PER_REQUEST):
                self._client.log_batch(run_id, params=part)
        return run_id

    def log_metrics(self, run_id: str, metrics: Sequence[Metric]) -> None:
        with answering(self._uri, f"metrics of run {run_id} could not be logged"):
            from mlflow.entities import Metric as MlflowMetric

            values = [MlflowMetric(each.name, each.value, each.timestamp_ms, each.step) for each in metrics]
            for part in _parts(values, METRICS_PER_REQUEST):
                self._client.log_batch(run_id, metrics=part)

    def log_files(self, run_id: str, folder: Path, *, under: str) -> None:
        with answering(self._uri, f"files of run {run_id} could not be stored"):
            self._client.log_artifacts(run_id, str(folder), under)

    def end_run(self, run_id: str, status: RunStatus) -> None:
        with answering(self._uri, f"run {run_id} could not be closed"):
            self._client.set_terminated(run_id, status.upper())

    def log_evaluation(
        self,
        run_id: str,
        *,
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        table: Mapping[str, Sequence[str | float]],
    ) -> None:
        with answering(self._uri, f"the evaluation of run {run_id} could not be logged"):
            from mlflow.entities import Metric as MlflowMetric
            from mlflow.entities import RunTag

            now = int(time.time() * 1000)
            # The format of MlflowClient.log_table, which needs pandas; only MLflow's server installs that.
            rows = [list(row) for row in zip(*table.values(), strict=True)]
            self._client.log_dict(run_id, {"columns": list(table), "data": rows}, EVALUATION_TABLE)
            listed = {LOGGED_ARTIFACTS: json.dumps([{"path": EVALUATION_TABLE, "type": "table"}])}
            self._client.log_batch(
                run_id,
                metrics=[MlflowMetric(name, float(value), now, 0) for name, value in metrics.items()],
                tags=[RunTag(name, value) for name, value in {**tags, **listed}.items()],
            )

    def count_runs(self, tags: Mapping[str, str], *, besides: str) -> int:
        wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        with answering(self._uri, "runs could not be counted"):
            experiment, found, token = self._experiment_id(), 0, None
            while token is None or token:
                page = self._client.search_runs([experiment], filter_string=wanted, page_token=token)
                found += sum(run.info.run_id != besides for run in page)
                token = page.token or ""
        return found

    def describe(self, version: int, text: str, *, tags: Mapping[str, str]) -> None:
        with answering(self._uri, f"version {version} could not be described"):
            self._client.update_model_version(self._model, str(version), description=text)
            for name, value in tags.items():
                self._client.set_model_version_tag(self._model, str(version), name, value)

    def register(self, run_id: str, bundle: Path, *, weights_sha256: str) -> ModelVersion:
        # The files of the bundle become artifacts as they are. An `MLmodel` beside them tells MLflow that
        # `model.onnx` is an ONNX model, so that its pages and `mlflow.onnx` can load it.
        known = self._with_weights(weights_sha256)
        if known is not None:
            return known
        with answering(self._uri, f"the model of run {run_id} could not be registered"):
            self._client.log_artifacts(run_id, str(bundle), MODEL_FOLDER)
            if (bundle / ONNX_FILE).is_file():
                self._describe(run_id)
            with allowing("RESOURCE_ALREADY_EXISTS"):
                self._client.create_registered_model(self._model)
            source = f"{self._client.get_run(run_id).info.artifact_uri}/{MODEL_FOLDER}"
            self._client.create_model_version(self._model, source, run_id, tags={WEIGHTS_TAG: weights_sha256})
        # Asked again: of two that register the same weights at once, both get the older version.
        version = self._with_weights(weights_sha256)
        if version is None:
            shown = without_credentials(self._uri)
            raise RegistryError(f"{shown} accepted the model of run {run_id} but does not list it")
        return version

    def fetch_model(self, version: ModelVersion, to: Path) -> None:
        with (
            replacing_folder(to) as fresh,
            answering(self._uri, f"the model of run {version.run_id} could not be fetched"),
        ):
            fetched = Path(self._client.download_artifacts(version.run_id, MODEL_FOLDER, str(fresh)))
            for file in fetched.iterdir():
                if file.name != DESCRIPTION_FILE:
                    file.rename(fresh / file.name)
            shutil.rmtree(fetched)

    def versions(self) -> tuple[ModelVersion, ...]:
        with answering(self._uri, "versions could not be listed"):
            found: list[MlflowVersion] = []
            token: str | None = None
            while token is None or token:
                page = self._client.search_model_versions(f"name = '{self._model}'", page_token=token)
                found.extend(page)
                token = page.token or ""
        ours = [version for version in found if WEIGHTS_TAG in version.tags]
        if len(ours) < len(found):
            log.warning(
                "versions of %s without a digest are ignored: %d", self._model, len(found) - len(ours)
            )
        return tuple(sorted((_version(each) for each in ours), key=lambda version: version.version))

    def production(self) -> int | None:
        with answering(self._uri, "the production model could not be asked for"):
            aliases: Mapping[str, str] = {}
            with allowing("RESOURCE_DOES_NOT_EXIST"):
                aliases = self._client.get_registered_model(self._model).aliases
            version = aliases.get(ALIAS)
            return None if version is None else int(version)

    def set_production(self, version: int | None) -> None:
        with answering(self._uri, f"the alias {ALIAS} could not be set to {version}"):
            if version is not None:
                self._client.set_registered_model_alias(self._model, ALIAS, str(version))
                return
            with allowing("RESOURCE_DOES_NOT_EXIST"):
                self._client.delete_registered_model_alias(self._model, ALIAS)

    @functools.cached_property
    def _client(self) -> MlflowClient:
        if self._artifact_root is not None and self._uri.startswith(SQLITE):
            database = Path(self._uri.removeprefix(SQLITE))
            relocate(database, experiment=self._experiment, artifact_root=self._artifact_root)
        return connect(self._uri)

    def _experiment_id(self) -> str:
        known = self._client.get_experiment_by_name(self._experiment)
        if known is None:
            place = None if self._artifact_root is None else str(self._artifact_root.absolute())
            with allowing("RESOURCE_ALREADY_EXISTS"):  # Somebody else created it meanwhile.
                return str(self._client.create_experiment(self._experiment, artifact_location=place))
            known = self._client.get_experiment_by_name(self._experiment)
        if known is None or known.lifecycle_stage != "active":
            shown = without_credentials(self._uri)
            raise RegistryError(
                f"the experiment {self._experiment} in {shown} was deleted",
                remedy="Restore it in MLflow, or name another one.",
            )
        return str(known.experiment_id)

    def _describe(self, run_id: str) -> None:
        """Store the `MLmodel` of an ONNX model beside the bundle's files."""
        from mlflow.models import Model

        description = Model(artifact_path=MODEL_FOLDER, run_id=run_id)
        description.add_flavor("onnx", data=ONNX_FILE, providers=["CPUExecutionProvider"])
        description.add_flavor(
            "python_function",
            loader_module="mlflow.onnx",
            python_version=platform.python_version(),
            data=ONNX_FILE,
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / DESCRIPTION_FILE
            description.save(str(path))
            self._client.log_artifact(run_id, str(path), MODEL_FOLDER)

    def _with_weights(self, weights_sha256: str) -> ModelVersion | None:
        return next(
            (version for version in self.versions() if version.weights_sha256 == weights_sha256), None
        )


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _version(found: MlflowVersion) -> ModelVersion:
    return ModelVersion(
        version=int(found.version),
        run_id=str(found.run_id),
        weights_sha256=str(found.tags[WEIGHTS_TAG]),
        created_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
    )
