"""Deployments on GitHub, and whether GitHub Pages is on.

By docs.github.com, "REST API endpoints for deployments", "... for deployment statuses" and "... for GitHub
Pages". The token needs `deployments: write`, and for the page of a private repository `pages: read`.
"""

from __future__ import annotations

from github import UnknownObjectException
from github.GithubObject import NotSet

from wms.adapters.github.errors import speaking_to_github
from wms.adapters.github.releases import GitHubReleases
from wms.adapters.local.forge_files import DESCRIPTION_MAX
from wms.core.errors import ForgeError
from wms.core.ports import Deployments, DeploymentState


class GitHubDeployments(GitHubReleases, Deployments):
    """`Deployments` of a repository on GitHub; their statuses link to the run of `_run_url`."""

    _run_url: str

    def record_deployment(self, *, environment: str, sha: str, description: str) -> int:
        with speaking_to_github(f"recording a deployment to {environment}", self._name):
            # GitHub would otherwise merge the default branch into it, or refuse one with a failed check.
            made = self._repository.create_deployment(
                sha,
                auto_merge=False,
                required_contexts=[],
                environment=environment,
                description=description,
                # By default only `production` is one, and a success leaves earlier deployments to it active.
                production_environment=False,
            )
            return int(made.id)

    def set_deployment_state(self, number: int, state: DeploymentState, *, description: str) -> None:
        if len(description) > DESCRIPTION_MAX:
            raise ForgeError(f"the deployment's description has more than {DESCRIPTION_MAX} characters")
        with speaking_to_github(f"saying how deployment {number} is going", self._name):
            self._repository.get_deployment(number).create_status(
                state, target_url=self._run_url or NotSet, description=description
            )

    def deployment_state(self, number: int) -> str:
        with speaking_to_github(f"asking how deployment {number} is going", self._name):
            newest_first = self._repository.get_deployment(number).get_statuses()
            return next((str(each.state) for each in newest_first), "queued")

    def page_url(self) -> str | None:
        with speaking_to_github("asking for the settings of GitHub Pages", self._name):
            try:
                _, site = self._github.requester.requestJsonAndCheck("GET", f"{self._repository.url}/pages")
            except UnknownObjectException:
                self._asked_for()  # A missing repository is another error.
                return None
        return str(site["html_url"]) if site.get("build_type") == "workflow" else None
