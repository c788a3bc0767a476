"""What every job needs: the workspace, the outside systems, and who runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from wms.core.cloud_ports import CloudAccount, Node
from wms.core.errors import RecordError
from wms.core.files import read_record
from wms.core.layout import Layout
from wms.core.ports import Ports, Repository
from wms.core.progress import Progress
from wms.core.records.base import Record
from wms.core.records.dataset import DatasetManifest
from wms.core.records.decision import GateDecision, GatePolicy, Verdict
from wms.core.records.run import RunRequest, RunState
from wms.core.records.training import Candidate
from wms.core.settings import (
    DEPLOY_CONFIG,
    GATE_CONFIG,
    REPORT_CONFIG,
    DataSettings,
    DeploySettings,
    ReportSettings,
    load_data_settings,
    load_settings,
)
from wms.core.settings.infra import InfraSettings

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A clone of the repository on anybody's machine: only Git, no other outside system.

    `remote` is the name of the remote of `repository`, `remote_url` its URL.
    """

    layout: Layout
    repository: Repository
    progress: Progress
    remote: str
    remote_url: str

    @property
    def data_settings(self) -> DataSettings:
        """`WMS/configs/data.yaml`."""
        return load_data_settings(self.layout.root)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The cloud that `WMS_ENVIRONMENT` names: its settings, account and node.

    `without_instance`: it has no instance, so only the data bucket is used and the rest is embedded.
    """

    name: str
    settings: InfraSettings
    account: CloudAccount
    node: Node
    without_instance: bool = False

    def priced(self) -> InfraSettings:
        """The settings for cost estimates: with the real type of the instance, if there is one.

        Raises:
            ComputeError: the type cannot be read.
        """
        real = None if self.without_instance else self.node.instance_type()
        return self.settings.model_copy(update={"instance_type": real}) if real else self.settings


@dataclass(frozen=True, kw_only=True)
class Context:
    """One workspace with its ports. `environment` is `None` where everything is embedded.

    `actor` is the person or bot that asked for the work; `code_sha` the commit of the running code; `clock`
    returns the time with its zone. `run_url` is the page of the workflow run, empty outside of workflows.
    """

    layout: Layout
    ports: Ports
    progress: Progress
    actor: str
    code_sha: str
    clock: Callable[[], datetime]
    environment: Environment | None = None
    run_url: str = ""

    @property
    def data_settings(self) -> DataSettings:
        """`WMS/configs/data.yaml`."""
        return load_data_settings(self.layout.root)

    @property
    def github_name(self) -> str:
        """`OWNER/NAME` of the repository whose workflow runs this; empty outside of workflows."""
        return "/".join(self.run_url.split("/")[3:5])

    @property
    def gate_policy(self) -> GatePolicy:
        """`WMS/configs/gate.yaml`."""
        return load_settings(self.layout.root / GATE_CONFIG, GatePolicy)

    @property
    def deploy_settings(self) -> DeploySettings:
        """`WMS/configs/deploy.yaml`."""
        return load_settings(self.layout.root / DEPLOY_CONFIG, DeploySettings)

    @property
    def report_settings(self) -> ReportSettings:
        """`WMS/configs/report.yaml`."""
        return load_settings(self.layout.root / REPORT_CONFIG, ReportSettings)

    @property
    def request(self) -> RunRequest:
        """The current run's request.

        Raises:
            RecordError: no run was started here.
        """
        return self._started("request", RunRequest)

    @property
    def run_state(self) -> RunState:
        """The state of the current run.

        Raises:
            RecordError: no run was started here.
        """
        return self._started("state", RunState)

    @property
    def verdict(self) -> Verdict | None:
        """The gate's verdict on the current run; `None` before the gate."""
        path = self.layout.record("decision")
        return read_record(path, GateDecision).verdict if path.is_file() else None

    @property
    def is_publishable(self) -> bool:
        """Whether the gate said promote, about a registered model."""
        path = self.layout.record("candidate")
        registered = path.is_file() and read_record(path, Candidate).version is not None
        return registered and self.verdict == "promote"

    @property
    def is_published(self) -> bool:
        """Whether the current run has opened its pull request."""
        return self.layout.record("promotion").is_file()

    def require_run_of_main(self) -> None:
        """Check that the current run is on main; `dvc repro` uses the files that are checked out.

        Raises:
            RecordError: it is not.
        """
        if self.request.checked_out:
            raise RecordError(
                f"run {self.request.run_id} is of `dvc repro`: it used the dataset and the settings that are "
                "checked out here, not those of main, so it is not published",
                remedy="Train on main with `wms pipeline run`; --set and --seed change one run.",
            )

    def manifest(self) -> DatasetManifest:
        """The manifest of the run's dataset.

        Raises:
            RecordError: `wms data split` has not run.
        """
        return self._manifest(self.layout.manifest, "wms data split")

    def base_manifest(self) -> DatasetManifest:
        """The manifest of main that the run started from.

        Raises:
            RecordError: `wms data merge` has not run.
        """
        return self._manifest(self.layout.base_manifest, "wms data merge")

    def _manifest(self, path: Path, step: str) -> DatasetManifest:
        if not path.is_file():
            raise RecordError(f"{path} is not there", remedy=f"Run `{step}` first.")
        return DatasetManifest.from_jsonl(path.read_bytes(), source=str(path))

    def _started(self, name: str, kind: type[R]) -> R:
        path = self.layout.record(name)
        if not path.is_file():
            raise RecordError(
                "no run was started in this workspace",
                remedy="Start one with `wms data merge` (or `wms pipeline run`, which does everything).",
            )
        return read_record(path, kind)
