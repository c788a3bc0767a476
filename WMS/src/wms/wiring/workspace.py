"""A workspace and its ports, from its settings and the environment variables."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from wms.adapters.absent import Absent
from wms.adapters.dvc.store import DvcDataStore
from wms.adapters.git.cli import Git
from wms.adapters.git.image_store import GitImageStore, LocalImageStore
from wms.adapters.git.repository import GitRepository
from wms.adapters.git.workspace import init_repository
from wms.adapters.local.instance import LocalCompute, LocalLeaseStore
from wms.adapters.mlflow.registry import MlflowRegistry
from wms.core.context import Context
from wms.core.errors import Code, InputError, RegistryAwayError
from wms.core.layout import Layout
from wms.core.ports import Ports, Registry
from wms.core.progress import Progress
from wms.core.settings import TRAIN_CONFIG, TrainSettings, parse_settings
from wms.core.settings.infra import ENVIRONMENT_VARIABLE
from wms.wiring.hosting import REMOTE, Hosted, local_forge, run_url
from wms.wiring.template import template_files

if TYPE_CHECKING:
    from wms.wiring.cloud import Cloud

MODEL_NAME = "water-meter-segmentation"


def open_workspace(start: Path, progress: Progress) -> Context:
    """The workspace that contains `start`, with its ports.

    `MLFLOW_TRACKING_URI` names a tracking server; without it, the workspace's own SQLite store is used.
    `WMS_MODEL_NAME` names the model there, for repositories that share a server. With `GITHUB_REPOSITORY` and
    `GITHUB_TOKEN` the forge is GitHub. `WMS_ENVIRONMENT` names the cloud environment with data, leases and
    instance; its tracking server is reached through `wms infra tunnel`, which sets `MLFLOW_TRACKING_URI`.
    With `WMS_WITHOUT_INSTANCE=true` the environment has only the data.

    Raises:
        InputError: not inside a workspace.
    """
    layout = Layout.find(start)
    state = layout.state
    tracking_uri = os.environ.get("MLFLOW_TRACKING_URI")
    hosted = Hosted.from_environment(os.environ)
    model_name = os.environ.get("WMS_MODEL_NAME") or MODEL_NAME
    cloud: Cloud | None = None
    if name := os.environ.get(ENVIRONMENT_VARIABLE):
        from wms.wiring.cloud import Cloud  # its libraries take a second to import

        cloud = Cloud(layout, name)
    instance = None if cloud is None or cloud.environment.without_instance else cloud
    ports = Ports(
        registry=_registry(state, tracking_uri, model_name, hosted_elsewhere=instance is not None),
        data_store=DvcDataStore(layout.root, state / "dvc-scratch", url=cloud.dvc_url if cloud else None),
        repository=GitRepository(layout.root, env=hosted.git_access if hosted else None),
        compute=instance.compute() if instance else LocalCompute(state),
        leases=instance.leases() if instance else LocalLeaseStore(state / "leases.json"),
        forge=hosted.forge() if hosted else local_forge(layout),
        images=(
            GitImageStore(layout.root, hosted.page, env=hosted.git_access)
            if hosted
            else LocalImageStore(state / "forge/pictures")
        ),
    )
    return Context(
        layout=layout,
        ports=ports,
        progress=progress,
        actor=os.environ.get("WMS_ACTOR") or os.environ.get("GITHUB_ACTOR") or getpass.getuser(),
        code_sha=code_sha(),
        clock=lambda: datetime.now(UTC),
        environment=cloud.environment if cloud else None,
        run_url=run_url(os.environ),
    )


def open_registry(start: Path, progress: Progress) -> Registry:
    """The registry that `MLFLOW_TRACKING_URI` names, without a workspace; else that of the workspace.

    Raises:
        InputError: no server is named, and `start` is in no workspace.
    """
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        name = os.environ.get("WMS_MODEL_NAME") or MODEL_NAME
        return MlflowRegistry(tracking_uri=uri, experiment=name, model_name=name, artifact_root=None)
    return open_workspace(start, progress).ports.registry


def _registry(state: Path, tracking_uri: str | None, model_name: str, *, hosted_elsewhere: bool) -> Registry:
    """The named tracking server, or the workspace's own; `Absent` where only an instance has the registry."""
    if hosted_elsewhere and not tracking_uri:
        away = RegistryAwayError("MLflow is on the instance, but there is no tunnel to it")
        return cast("Registry", Absent(away))
    return MlflowRegistry(
        tracking_uri=tracking_uri or f"sqlite:///{state / 'mlflow.db'}",
        experiment=model_name,
        model_name=model_name,
        artifact_root=None if tracking_uri else state / "mlartifacts",
    )


def code_sha() -> str:
    """The commit of the running code, or `unknown` where the package is not in a checkout."""
    answer = Git(Path(__file__).parent).run("rev-parse", "HEAD", ok=(0, 128))
    return answer.line if answer.code == 0 else "unknown"


def make_workspace(folder: Path, train_overrides: Mapping[str, int | float | str]) -> None:
    """Create a workspace: a Git repository, its bare remote in `.wms/`, settings, no data yet.

    Raises:
        InputError: the folder is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(
            f"{folder} is not empty", Code.WORKSPACE, remedy="Choose a folder that does not exist yet."
        )
    files = template_files(train_overrides)
    parse_settings(files[TRAIN_CONFIG], TrainSettings, source="--set")
    init_repository(folder, folder / REMOTE, files, message="A new workspace")
