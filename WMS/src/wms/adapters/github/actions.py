"""Workflow runs on GitHub: start, find and read them, by its REST API."""

from __future__ import annotations

import logging
import time

from github.WorkflowRun import WorkflowRun

from wms.adapters.github.client import Patience, connect
from wms.adapters.github.errors import speaking_to_github
from wms.core.errors import ForgeError

log = logging.getLogger(__name__)
UNFINISHED = ("in_progress", "queued", "pending", "waiting", "requested")


class GitHubActions:
    """The runs of one repository's workflows.

    Args:
        api_url: such as `https://api.github.com`.
        repository: `owner/name`.
        token: a token of this repository with `actions: write`, `contents: write` and `checks: read`.
        patience: how long to wait for GitHub, and how often to look at a run.
    """

    def __init__(
        self, *, api_url: str, repository: str, token: str, patience: Patience | None = None
    ) -> None:
        self._name, self._patience = repository, patience or Patience()
        self.poll_seconds = self._patience.run_seconds
        self._repository = connect(api_url, token, self._patience).get_repo(repository)

    def start(self, workflow: str, inputs: dict[str, str], *, branch: str) -> int:
        """Start a workflow; return the number of its run.

        GitHub does not say which run a dispatch starts: it is the first one that is newer than before.

        Raises:
            ForgeError: it could not be started, or no run appeared.
        """
        with speaking_to_github(f"starting {workflow}", self._name):
            before = self._newest(workflow)
            self._repository.get_workflow(workflow).create_dispatch(branch, inputs, throw=True)
            deadline = time.monotonic() + self._patience.settle_seconds
            while (newest := self._newest(workflow)) <= before:
                if time.monotonic() >= deadline:
                    raise ForgeError(f"no run of {workflow} appeared")
                time.sleep(self._patience.poll_seconds)
        return newest

    def conclusion(self, run: int) -> str | None:
        """How a run ended, such as `success`; `None` while it runs."""
        found = self._read(run)
        return found.conclusion if found.status == "completed" else None

    def url(self, run: int) -> str:
        """The page of a run."""
        return self._read(run).html_url

    def any_unfinished(self, *, but: str) -> bool:
        """Whether a run has not ended, apart from those of the workflow file `but`."""
        with speaking_to_github("listing runs", self._name):
            runs: list[WorkflowRun] = []
            for status in UNFINISHED:
                runs += self._repository.get_workflow_runs(status=status)
        return any(run.path.rpartition("/")[2] != but for run in runs)

    def delete_releases(self, prefix: str) -> None:
        """Delete the releases whose tags start with a prefix; the tags stay."""
        with speaking_to_github(f"deleting the releases {prefix}*", self._name):
            found = [each for each in self._repository.get_releases() if each.tag_name.startswith(prefix)]
            for release in found:
                release.delete_release()

    def _read(self, run: int) -> WorkflowRun:
        with speaking_to_github(f"reading run {run}", self._name):
            found = self._repository.get_workflow_run(run)
            found.update()
            return found

    def _newest(self, workflow: str) -> int:
        runs = self._repository.get_workflow(workflow).get_runs(event="workflow_dispatch")
        newest = next(iter(runs), None)  # newest first
        return newest.id if newest else 0
