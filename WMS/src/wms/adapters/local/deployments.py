"""Deployments of the embedded default: a file beside the pull requests."""

from __future__ import annotations

from pathlib import Path

from wms.adapters.local.forge_files import DESCRIPTION_MAX, DeploymentEntry, DeploymentRecord, read_or
from wms.adapters.local.releases import LocalReleases
from wms.core.errors import ForgeError
from wms.core.files import write_record
from wms.core.ports import Deployments, DeploymentState


class LocalDeployments(LocalReleases, Deployments):
    """`Deployments` in the file `deployments.json` of the forge's folder."""

    def __init__(self, state: Path, remote: Path) -> None:
        super().__init__(state, remote)
        self._deployments = state / "deployments.json"

    def record_deployment(self, *, environment: str, sha: str, description: str) -> int:
        with self._changing():
            known = self._all()
            entry = DeploymentEntry(environment=environment, sha=sha, description=description)
            self._keep((*known, entry))
            return len(known) + 1

    def set_deployment_state(self, number: int, state: DeploymentState, *, description: str) -> None:
        if len(description) > DESCRIPTION_MAX:
            raise ForgeError(f"the deployment's description has more than {DESCRIPTION_MAX} characters")
        with self._changing():
            changed = self._known(number).model_copy(update={"state": state, "description": description})
            known = self._all()
            self._keep((*known[: number - 1], changed, *known[number:]))

    def deployment_state(self, number: int) -> str:
        with self._changing():
            return self._known(number).state

    def page_url(self) -> str | None:
        return None

    def _known(self, number: int) -> DeploymentEntry:
        known = self._all()
        if not 0 < number <= len(known):
            raise ForgeError(f"there is no deployment {number}")
        return known[number - 1]

    def _all(self) -> tuple[DeploymentEntry, ...]:
        return read_or(self._deployments, DeploymentRecord()).deployments

    def _keep(self, deployments: tuple[DeploymentEntry, ...]) -> None:
        write_record(self._deployments, DeploymentRecord(deployments=deployments))
