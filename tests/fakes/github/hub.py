"""The state of the stand-in, whole, behind one lock."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from fakes.github.git import BareGit
from fakes.github.records import (
    ALL_PERMISSIONS,
    Caller,
    Comment,
    Deployment,
    Dispatch,
    Fault,
    Issue,
    Pull,
    Release,
    Settings,
    Status,
    WorkflowRun,
    now,
)

SECONDARY_LIMIT = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


class Hub:
    """One repository on the pretended GitHub.

    Args:
        git: the bare repository.
        repository: `owner/name`.
        workflows: names of the workflow files that can be dispatched; where `None`, those that lie in
            `.github/workflows` on the default branch, whose `on:` is respected.
        on_dispatch: called in a thread of its own for every dispatch, to start the run.
    """

    def __init__(
        self,
        *,
        git: Path,
        repository: str,
        workflows: set[str] | None = None,
        on_dispatch: Callable[[Dispatch], None] | None = None,
    ) -> None:
        self.git = BareGit(git)
        self.repository = repository
        self.workflows = workflows
        self.on_dispatch = on_dispatch
        self.lock = threading.RLock()
        self.settings = Settings()
        self.pulls: dict[int, Pull] = {}
        self.issues: dict[int, Issue] = {}
        self.statuses: list[Status] = []
        self.check_runs: list[dict[str, Any]] = []
        self.comments: list[Comment] = []
        self.dispatches: list[Dispatch] = []
        self.deployments: dict[int, Deployment] = {}
        self.releases: dict[int, Release] = {}
        self.latest_release: int | None = None
        self.runs: list[WorkflowRun] = []
        self.runs_elsewhere: Callable[[], list[WorkflowRun]] | None = None
        """Where something executes what is dispatched, it knows those runs."""
        self.labels: dict[str, dict[str, str]] = {}
        self.variables: dict[str, str] = {}
        self.sealed_secrets: dict[str, str] = {}
        self.rulesets: dict[int, dict[str, Any]] = {}
        self.protections: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.callers: dict[str, Caller] = {}
        self.user_token = self.new_token("owner", "user", dict.fromkeys(ALL_PERMISSIONS, "write"))
        self.actions_token = self.new_actions_token(
            actions="write", checks="read", contents="write", deployments="write", pull_requests="write",
            statuses="write",
        )  # fmt: skip
        self._ids = count(1)
        self._faults: list[Fault] = []

    def new_token(self, login: str, kind: Any, permissions: dict[str, str]) -> str:
        """A token that grants these permissions."""
        token = f"{'ghp' if kind == 'user' else 'ghs'}_standin{len(self.callers):030d}"
        self.callers[token] = Caller(login=login, kind=kind, permissions=permissions)
        return token

    def new_actions_token(self, **permissions: str) -> str:
        """A workflow's token with exactly these permissions, such as `contents="read"`."""
        return self.new_token("github-actions[bot]", "actions", permissions)

    def fail_next(
        self,
        times: int,
        *,
        status: int = 403,
        message: str = SECONDARY_LIMIT,
        headers: dict[str, str] | None = None,
        method: str = "",
        path: str = "",
        after: bool = False,
    ) -> None:
        """Answer the next requests of a method and path (a regular expression) with a failure."""
        with self.lock:
            self._faults.append(
                Fault(
                    times=times,
                    status=status,
                    body={"message": message},
                    headers=headers or {},
                    method=method,
                    path=re.compile(path),
                    after=after,
                )
            )

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The failure that this request is to get."""
        for fault in self._faults:
            if fault.times > 0 and fault.method in ("", method) and fault.path.search(path):
                fault.times -= 1
                return fault
        return None

    def next_id(self) -> int:
        """A number that nothing else has."""
        return next(self._ids)

    def combined(self, sha: str, *, app: int | None = None) -> dict[str, Status]:
        """The latest status of every context on a commit, of those that an app posted where one is named."""
        return {
            status.context: status
            for status in self.statuses
            if status.sha == sha and app in (None, status.app)
        }

    def ci_ends(self, sha: str, conclusion: str = "success", *, app_id: int = 15368) -> None:
        """The check run `ci` that `ci.yml` leaves on a commit after a push."""
        run = {"id": self.next_id(), "name": "ci", "head_sha": sha, "conclusion": conclusion}
        self.check_runs.insert(0, {**run, "status": "completed", "app": {"id": app_id}})

    def sync(self, *, reading: int | None = None) -> None:
        """Let open pull requests follow their branches, as Git has them now."""
        branches = self.git.branches()
        for pull in self.pulls.values():
            if pull.state != "open" or pull.head_repository != self.repository:
                continue
            tip, base = branches.get(pull.head), branches.get(pull.base)
            if tip is not None and tip != pull.head_sha:
                if self.settings.head_lag_reads > 0:
                    self.settings.head_lag_reads -= reading == pull.number
                else:
                    pull.head_sha = tip
            if base is not None and self.git.contains(base, pull.head_sha):
                pull.state, pull.closed_at, pull.merge_commit_sha = "merged", now(), base
            elif tip is None:
                pull.state, pull.closed_at = "closed", now()
