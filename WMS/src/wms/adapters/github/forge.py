"""The forge on GitHub: pull requests, statuses, comments, dispatches and releases by its REST API."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Literal

from github import GithubException, UnknownObjectException
from github.GithubObject import NotSet
from github.PullRequest import PullRequest as GitHubPullRequest

from wms.adapters.github.client import Patience, connect
from wms.adapters.github.deployments import GitHubDeployments
from wms.adapters.github.errors import speaking_to_github, words_of
from wms.adapters.github.issues import BODY_MAX, GitHubIssues
from wms.adapters.github.merge import merge_pull_request
from wms.adapters.github.releases import TITLE_MAX, cut
from wms.adapters.github.statuses import latest_statuses, passed
from wms.adapters.local.forge_files import DESCRIPTION_MAX
from wms.core.errors import Code, ForgeError, InputError, UnmergeableError
from wms.core.ports import Check, Forge, PullRequest

log = logging.getLogger(__name__)


class GitHubForge(GitHubDeployments, GitHubIssues, Forge):
    """`Forge` for a repository on GitHub or GitHub Enterprise.

    A request whose answer was lost is sent again, so a comment or a dispatch may arrive twice. One
    object is for one thread.

    Args:
        api_url: such as `https://api.github.com` (`GITHUB_API_URL`).
        repository: `owner/name` (`GITHUB_REPOSITORY`).
        token: a token of this repository; it is kept out of logs and errors. `None` reads what is public.
        patience: how long to wait for GitHub.
        run_url: the workflow run that does this; statuses link to it.

    Raises:
        InputError: `repository` is not `owner/name`.
        ForgeError: the token is empty.
    """

    def __init__(
        self,
        *,
        api_url: str,
        repository: str,
        token: str | None,
        patience: Patience | None = None,
        run_url: str = "",
    ) -> None:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
            raise InputError(
                f"{repository!r} is not a repository on GitHub",
                Code.CONFIG,
                remedy="Write GITHUB_REPOSITORY as owner/name.",
            )
        if token == "":
            raise ForgeError(
                f"there is no token for {repository}", Code.PERMISSION, remedy="Set GITHUB_TOKEN."
            )
        self._patience = patience or Patience()
        self._run_url = run_url
        super().__init__(connect(api_url, token, self._patience), repository)

    def open_pull_request(
        self, *, head: str, base: str, title: str, body: str, labels: Sequence[str] = ()
    ) -> PullRequest:
        deadline = time.monotonic() + self._patience.lag_seconds
        with speaking_to_github(f"opening a pull request from {head} to {base}", self._name):
            while True:
                opened = self._open_one_of(head)
                if opened is not None:
                    return self._labelled(opened, labels)
                try:
                    made = self._repository.create_pull(
                        base=base, head=head, title=cut(title, TITLE_MAX, "…"), body=cut(body, BODY_MAX)
                    )
                    return self._labelled(made, labels)
                except GithubException as error:
                    if not _may_pass(error) or time.monotonic() >= deadline:
                        raise
                time.sleep(self._patience.poll_seconds)

    def pull_request(self, number: int) -> PullRequest:
        with speaking_to_github(f"reading pull request #{number}", self._name):
            return _shown(self._read(number))

    def pull_requests(self, *, head_prefix: str, state: Literal["open", "all"]) -> tuple[PullRequest, ...]:
        with speaking_to_github("listing pull requests", self._name):
            listed = self._repository.get_pulls(state=state, sort="created", direction="asc")
            return tuple(
                _shown(pull)
                for pull in listed
                if pull.head.ref.startswith(head_prefix) and self._is_ours(pull)
            )

    def merge(self, number: int, *, sha: str) -> str:
        with speaking_to_github(f"merging pull request #{number}", self._name):
            return merge_pull_request(
                lambda: self._read(number), self._repository, sha=sha, patience=self._patience
            )

    def close(self, number: int, *, comment: str) -> None:
        with speaking_to_github(f"closing pull request #{number}", self._name):
            pull = self._read(number)
            if pull.merged:
                raise ForgeError(f"pull request #{number} is merged and cannot be closed")
            # The comment comes first: killed in between, the reason is there and the close can be repeated.
            pull.create_issue_comment(cut(comment, BODY_MAX))
            if pull.state == "open":
                pull.edit(state="closed")

    def set_status(self, sha: str, check: Check) -> None:
        if len(check.description) > DESCRIPTION_MAX:
            raise ForgeError(f"the status {check.context!r} has more than {DESCRIPTION_MAX} characters")
        with speaking_to_github(f"posting the status {check.context} on {sha[:12]}", self._name):
            self._repository.get_commit(sha).create_status(
                state=check.state,
                description=check.description,
                context=check.context,
                target_url=self._run_url or NotSet,
            )

    def statuses(self, sha: str) -> tuple[Check, ...]:
        with speaking_to_github(f"reading the statuses of {sha[:12]}", self._name):
            return latest_statuses(self._repository, sha)

    def ci_passed(self, sha: str) -> bool:
        with speaking_to_github(f"reading whether ci passed on {sha[:12]}", self._name):
            return passed(self._repository, sha, "ci")

    def comment(self, sha: str, body: str) -> None:
        with speaking_to_github(f"commenting on {sha[:12]}", self._name):
            self._repository.get_commit(sha).create_comment(cut(body, BODY_MAX))

    def dispatch(self, workflow: str, inputs: Mapping[str, str]) -> None:
        with speaking_to_github(f"starting the workflow {workflow}", self._name):
            branch = "main"  # Everything runs there, whatever the default branch is.
            try:
                self._repository.get_workflow(workflow).create_dispatch(branch, dict(inputs), throw=True)
            except UnknownObjectException as error:
                raise ForgeError(
                    f"{self._name} has no workflow {workflow} on {branch}",
                    remedy=f"Add .github/workflows/{workflow} to {branch}; until then do its work by hand.",
                ) from error

    def _open_one_of(self, head: str) -> GitHubPullRequest | None:
        owner = self._name.split("/")[0]
        for pull in self._repository.get_pulls(state="open", head=f"{owner}:{head}"):
            if pull.head.ref == head and self._is_ours(pull):
                return pull
        return None

    def _labelled(self, pull: GitHubPullRequest, labels: Sequence[str]) -> PullRequest:
        # By `issues: write` or `pull-requests: write` (docs.github.com/rest/issues/labels).
        shown = _shown(pull)
        missing = [label for label in labels if label not in shown.labels]
        if not missing:
            return shown
        doing = f"putting the labels {', '.join(missing)} on pull request #{pull.number}"
        try:
            with speaking_to_github(doing, self._name):
                pull.add_to_labels(*missing)
        except ForgeError as error:
            log.warning("%s; continuing without them. %s", error, error.remedy)
            return shown
        return replace(shown, labels=(*shown.labels, *missing))

    def _read(self, number: int) -> GitHubPullRequest:
        pull = self._repository.get_pull(number)
        try:
            pull.update()
        except UnknownObjectException as error:
            self._asked_for()  # A missing repository is another error.
            raise UnmergeableError(f"there is no pull request #{number} in {self._name}") from error
        return pull

    def _is_ours(self, pull: GitHubPullRequest) -> bool:
        """Whether it is of no fork: in a fork anybody may give a branch any name."""
        source = pull.head.repo  # None once a fork is deleted
        return source is not None and source.full_name.lower() == self._name.lower()


def _may_pass(error: GithubException) -> bool:
    """Whether a retry may succeed: the push is not seen yet, or somebody else was faster."""
    words = words_of(error)
    unseen = "head is invalid" in words or "base is invalid" in words or "can't be blank" in words
    return error.status == HTTPStatus.UNPROCESSABLE_ENTITY and (unseen or "already exists" in words)


def _shown(pull: GitHubPullRequest) -> PullRequest:
    return PullRequest(
        number=pull.number,
        url=pull.html_url,
        head=pull.head.ref,
        head_sha=pull.head.sha,
        base=pull.base.ref,
        title=pull.title,
        body=pull.body or "",
        state="merged" if pull.merged_at is not None else "closed" if pull.state == "closed" else "open",
        labels=tuple(label.name for label in pull.labels),
    )
