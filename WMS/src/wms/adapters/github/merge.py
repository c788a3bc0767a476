"""The merge on GitHub: direct, at one SHA, and watched until it is done.

Auto-merge is not used: GitHub refuses it for a pull request that can be merged already, and the repository
may not allow it.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

from github import GithubException
from github.PullRequest import PullRequest as GitHubPullRequest
from github.Repository import Repository as GitHubRepository

from wms.adapters.github.client import Patience
from wms.adapters.github.errors import words_of
from wms.adapters.github.statuses import latest_statuses
from wms.core.errors import Code, ForgeError, RemoteMovedError, UnmergeableError

log = logging.getLogger(__name__)


def merge_pull_request(
    read: Callable[[], GitHubPullRequest],
    repository: GitHubRepository,
    *,
    sha: str,
    patience: Patience,
) -> str:
    """Merge if the head is at `sha`, and return the merge commit once the pull request shows it.

    Args:
        read: reads the pull request again.
        repository: where it is.
        sha: the commit that was verified.
        patience: how long to wait for what GitHub computes late.

    Raises:
        RemoteMovedError: the head is elsewhere, or the base moved while it was being merged.
        UnmergeableError: it is closed, or conflicts with its base.
        ForgeError: the rules of the base are not met; or GitHub did not finish in time.
    """
    deadline = time.monotonic() + patience.settle_seconds
    while True:
        pull = read()
        if pull.head.sha == sha and pull.merged:
            return pull.merge_commit_sha
        waits_for = _obstacle(pull, repository, sha) or _merge(pull, repository, sha)
        if waits_for is None:
            continue
        if time.monotonic() >= deadline:
            raise ForgeError(
                f"pull request #{pull.number} was not merged in {patience.settle_seconds:.0f} s: {waits_for}",
                remedy=f"Look at {pull.html_url}, then run the command again.",
            )
        log.info("pull request #%d: %s", pull.number, waits_for)
        time.sleep(patience.poll_seconds)


def _obstacle(pull: GitHubPullRequest, repository: GitHubRepository, sha: str) -> str | None:
    """Why it cannot be merged yet, or `None`; raises if it never can."""
    if pull.head.sha != sha:
        # A pull request shows a push a little later; Git itself knows it at once.
        if pull.state == "closed" or _tip(repository, pull.head.ref) != sha:
            raise RemoteMovedError(
                f"{pull.head.ref} of pull request #{pull.number} is at {pull.head.sha[:12]}, not {sha[:12]}"
            )
        return f"GitHub does not show {sha[:12]} as its head yet"
    if pull.state == "closed":
        raise UnmergeableError(
            f"pull request #{pull.number} is closed: {pull.html_url}",
            remedy="Open a new one with `wms publish`.",
        )
    if pull.mergeable is None:
        return "GitHub has not computed yet whether it can be merged"
    if not pull.mergeable:
        if pull.mergeable_state == "dirty":
            raise UnmergeableError(
                f"pull request #{pull.number} does not merge into {pull.base.ref}: it has conflicts "
                f"({pull.html_url}/conflicts names the files)"
            )
        return f"GitHub says that it cannot be merged ({pull.mergeable_state})"
    return None


def _merge(pull: GitHubPullRequest, repository: GitHubRepository, sha: str) -> str | None:
    """Ask for the merge; return `None` if GitHub accepted it, or why to try again later."""
    try:
        pull.merge(merge_method="merge", sha=sha)
    except GithubException as error:
        words = words_of(error)
        if error.status == HTTPStatus.CONFLICT:
            return words
        if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
            return _refused(pull, repository, sha, words)
        raise
    return None


def _refused(pull: GitHubPullRequest, repository: GitHubRepository, sha: str, words: str) -> str:
    """The meaning of a 405: a temporary reason is returned, the rest is raised."""
    said, base = words.lower(), pull.base.ref
    if "base branch was modified" in said:
        raise RemoteMovedError(f"{base} moved while pull request #{pull.number} was being merged")
    if "not mergeable" in said or "already" in said or "in progress" in said:
        return words
    if "merge commits are not allowed" in said:
        raise ForgeError(
            f"pull request #{pull.number} is not merged: {words}",
            Code.PROTECTED_BRANCH,
            remedy="Turn on `Allow merge commits` in the repository's Settings > General > Pull Requests.",
        )
    raise_or_wait = _missing_statuses(repository, base, sha, words)
    if raise_or_wait == ():
        return f"its statuses are posted but do not count yet ({words})"
    raise ForgeError(
        f"pull request #{pull.number} is held back by the rules of {base}: {words}"
        + (f" Missing on {sha[:12]}: {', '.join(raise_or_wait)}." if raise_or_wait else ""),
        Code.PROTECTED_BRANCH,
        remedy=_remedy(said, base, pull.html_url),
    )


def _missing_statuses(
    repository: GitHubRepository, base: str, sha: str, words: str
) -> tuple[str, ...] | None:
    """The required statuses that a commit lacks; `None` where the refusal is not about statuses."""
    if "required status check" not in words.lower() or "review" in words.lower():
        return None
    required = re.findall(r'"([^"]+)"', words) or _required_contexts(repository, base)
    if not required:
        return None
    posted = {check.context: check.state for check in latest_statuses(repository, sha)}
    return tuple(
        f"{context} ({posted.get(context, 'not posted')})"
        for context in required
        if posted.get(context) != "success"
    )


def _required_contexts(repository: GitHubRepository, base: str) -> list[str]:
    """The statuses that rulesets require on a branch."""
    _, rules = repository.requester.requestJsonAndCheck(
        "GET", f"{repository.url}/rules/branches/{quote(base)}", parameters={"per_page": 100}
    )
    return [
        str(check["context"])
        for rule in rules
        if rule["type"] == "required_status_checks"
        for check in rule["parameters"]["required_status_checks"]
    ]


def _remedy(said: str, base: str, url: str) -> str:
    if "review" in said:
        return (
            f"Let somebody approve {url}, or let the rules of {base} (Settings > Rules) ask for no approval: "
            "the pipeline's own check is the status `ci`. Then run the command again."
        )
    if "status check" in said:
        return (
            "Let the CI run on exactly this commit, then run the command again with --ci-passed SHA, which "
            f"posts its status; check runs of a dispatched workflow do not count. See {url}."
        )
    return f"See {url}, and the rules of {base} under Settings > Rules; then run the command again."


def _tip(repository: GitHubRepository, branch: str) -> str | None:
    try:
        return repository.get_git_ref(f"heads/{branch}").object.sha
    except GithubException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
