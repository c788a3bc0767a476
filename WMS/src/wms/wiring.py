"""Settings become adapters; the only module that imports them."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from wms.adapters.aws_account import AwsAccount
from wms.adapters.dvc_store import DvcDataStore
from wms.adapters.git import GitRepository
from wms.adapters.git_cli import Git
from wms.adapters.git_workspace import init_repository
from wms.adapters.local import LocalCompute, LocalLeaseStore
from wms.adapters.local_forge import LocalForge
from wms.adapters.mlflow_registry import MlflowRegistry
from wms.adapters.s3_lease import S3LeaseStore
from wms.config import TRAIN_CONFIG, TrainSettings, parse_settings
from wms.config.infra import ENVIRONMENT_VARIABLE, LEASE_BOOK_KEY, load_infra_settings
from wms.domain.errors import WorkspaceError
from wms.layout import Layout
from wms.pipeline.context import Context, Environment
from wms.ports import LeaseStore, Ports
from wms.progress import Progress
from wms.template import template_files

MODEL_NAME = "water-meter-segmentation"
REMOTE = ".wms/remote.git"
"""Where a workspace keeps the bare repository that is its remote."""


def open_workspace(start: Path, progress: Progress, *, embedded: bool = False) -> Context:
    """Wire the workspace that `start` lies in.

    `MLFLOW_TRACKING_URI` names a tracking server; without it, or where `embedded` is
    asked for (the demo), the workspace's own SQLite store is used. `WMS_ENVIRONMENT` names the cloud
    environment whose instance the leases are about. `WMS_MODEL_NAME` names the
    model there, for repositories that share a server.

    Raises:
        WorkspaceError: not inside a workspace.
    """
    layout = Layout.find(start)
    state = layout.state
    tracking_uri = None if embedded else os.environ.get("MLFLOW_TRACKING_URI")
    model_name = (None if embedded else os.environ.get("WMS_MODEL_NAME")) or MODEL_NAME
    environment = None if embedded else _environment(layout.root)
    ports = Ports(
        registry=MlflowRegistry(
            tracking_uri=tracking_uri or f"sqlite:///{state / 'mlflow.db'}",
            experiment=model_name,
            model_name=model_name,
            artifact_root=None if tracking_uri else state / "mlartifacts",
        ),
        data_store=DvcDataStore(layout.root, state / "dvc-scratch"),
        repository=GitRepository(layout.root),
        compute=LocalCompute(state),
        leases=_leases(environment) if environment else LocalLeaseStore(state / "leases.json"),
        forge=LocalForge(state / "forge", _local_remote(layout.root)),
    )
    return Context(
        layout=layout,
        ports=ports,
        progress=progress,
        actor=os.environ.get("GITHUB_ACTOR") or getpass.getuser(),
        code_sha=_code_sha(),
        clock=lambda: datetime.now(UTC),
        environment=environment,
    )


def _environment(root: Path) -> Environment | None:
    """The cloud that `WMS_ENVIRONMENT` names; no call goes out before somebody asks something of it."""
    name = os.environ.get(ENVIRONMENT_VARIABLE)
    if not name:
        return None
    settings = load_infra_settings(root, name)
    return Environment(name=name, settings=settings, account=AwsAccount(settings.region))


def _leases(environment: Environment) -> LeaseStore:
    """The book in the environment's data bucket."""
    settings, account = environment.settings, environment.account
    return S3LeaseStore(
        lambda: settings.data_bucket(account.identity().account), LEASE_BOOK_KEY, region=settings.region
    )


def _local_remote(root: Path) -> Path:
    """The bare repository that `origin` names: the local forge merges there.

    Raises:
        WorkspaceError: `origin` is no folder of this machine, so its pull requests are not ours.
    """
    answer = Git(root).run("remote", "get-url", "origin", ok=(0, 2))
    if answer.code == 2:
        raise WorkspaceError(f"{root} has no Git remote named origin")
    remote = (root / answer.line).resolve()
    if (remote / "HEAD").is_file():
        return remote
    if (root / REMOTE / "HEAD").is_file():
        raise WorkspaceError(
            f"the remote {answer.line} is gone, as after a move of the workspace; its own lies in {REMOTE}",
            remedy=f"Name it: `git remote set-url origin ./{REMOTE}`.",
        )
    raise WorkspaceError(
        f"the remote {answer.line} is no bare repository on this machine, where the embedded default could "
        "merge",
        remedy="Make a workspace with `wms init DIR`; for a hosted repository, let its workflow run.",
    )


def _code_sha() -> str:
    """The commit of the code that runs, or `unknown` where the package is not in a checkout."""
    answer = Git(Path(__file__).parent).run("rev-parse", "HEAD", ok=(0, 128))
    return answer.line if answer.code == 0 else "unknown"


def make_workspace(folder: Path, train_overrides: Mapping[str, int | float]) -> None:
    """Make a workspace: a Git repository, its bare remote in `.wms/`, settings, no data yet.

    Raises:
        WorkspaceError: the folder is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise WorkspaceError(f"{folder} is not empty", remedy="Choose a folder that does not exist yet.")
    files = template_files(train_overrides)
    parse_settings(files[TRAIN_CONFIG], TrainSettings, source="--set")
    init_repository(folder, folder / REMOTE, files, message="A new workspace")
