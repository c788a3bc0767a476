"""What the stand-in remembers, by noun. Plain and open: tests look into it and change it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal


def now() -> str:
    """The time as GitHub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


ALL_PERMISSIONS = (
    "actions", "administration", "checks", "contents", "deployments", "issues", "pages", "pull_requests",
    "secrets", "statuses", "variables",
)  # fmt: skip
GITHUB_ACTIONS = 15368
"""The number of the app whose token a workflow's job has."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who a token stands for: a user with every permission, a workflow's `GITHUB_TOKEN`, or nobody."""

    login: str
    kind: Literal["user", "actions", "anonymous"]
    permissions: Mapping[str, str]

    @property
    def app(self) -> int | None:
        """The app that the token is of; `None` for a person's."""
        return GITHUB_ACTIONS if self.kind == "actions" else None

    @property
    def is_admin(self) -> bool:
        """Whether it is a person in the repository's role `admin`."""
        return self.kind == "user" and self.may("administration", "write")

    def may(self, permission: str, level: str) -> bool:
        """Whether the token grants `read` or `write` of a permission."""
        granted = self.permissions.get(permission)
        return granted == "write" or (level == "read" and granted == "read")


NOBODY = Caller(login="", kind="anonymous", permissions={})


@dataclass(kw_only=True)
class Settings:
    """The repository's settings, and how this stand-in is to behave."""

    default_branch: str = "main"
    fork: bool = False
    archived: bool = False
    has_issues: bool = True
    pushed_at: str = field(default_factory=now)
    rulesets_available: bool = True
    """False for a private repository on the Free plan."""
    actions_enabled: bool = True
    allowed_actions: str = "all"
    workflow_states: dict[str, str] = field(default_factory=dict)
    """The state of a workflow's file by its name, where it is not `active`."""
    allow_merge_commit: bool = True
    allow_auto_merge: bool = False
    delete_branch_on_merge: bool = False
    default_workflow_permissions: str = "read"
    actions_may_open_pull_requests: bool = True
    pages: str | None = None
    """How GitHub Pages are made, `workflow` or `legacy` (from a branch); `None` where they are off."""
    private: bool = False
    """A private repository answers nobody without a token; of a public one everybody may read."""
    mergeable_after_reads: int = 1
    """How many reads of a pull request answer `mergeable: null` before it is known."""
    max_per_page: int = 100
    """The most entries of a page: a test with few of them finds out who reads one page alone."""
    head_lag_reads: int = 0
    """How many reads still show a pull request's old head after its branch was pushed to."""


@dataclass(kw_only=True)
class Pull:
    """A pull request; `reads` counts how often it was read at its present head and base."""

    number: int
    head: str
    head_sha: str
    head_repository: str
    base: str
    title: str
    body: str
    author: Caller
    state: Literal["open", "closed", "merged"] = "open"
    merge_commit_sha: str | None = None
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    reads: dict[tuple[str, str], int] = field(default_factory=dict)
    created_at: str = field(default_factory=now)
    closed_at: str | None = None


@dataclass(kw_only=True)
class Issue:
    """An open issue."""

    number: int
    title: str
    body: str
    labels: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Status:
    """One posted commit status."""

    id: int
    sha: str
    context: str
    state: str
    description: str
    target_url: str | None
    creator: str
    app: int | None = None
    created_at: str = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment on a commit or an issue."""

    id: int
    author: str
    body: str
    sha: str = ""
    created_at: str = field(default_factory=now)


@dataclass(kw_only=True)
class Asset:
    """A file of a release; an upload that was cut off leaves one in the state `starter`."""

    id: int
    name: str
    data: bytes
    state: Literal["uploaded", "starter"] = "uploaded"
    created_at: str = field(default_factory=now)


@dataclass(kw_only=True)
class Release:
    """A release; a draft is seen by those who may write, and has no tag yet."""

    id: int
    tag: str
    target: str
    name: str
    body: str
    author: str
    draft: bool = True
    assets: list[Asset] = field(default_factory=list)
    created_at: str = field(default_factory=now)
    published_at: str | None = None


@dataclass(kw_only=True)
class Deployment:
    """A deployment of a commit, with every state that was posted: state, description, URL of the log."""

    id: int
    sha: str
    environment: str
    description: str
    production: bool
    states: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The latest one; a new deployment has none and is shown as pending."""
        return self.states[-1][0] if self.states else "pending"


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """A workflow that was asked to start."""

    workflow: str
    ref: str
    inputs: dict[str, Any]
    actor: str


@dataclass(kw_only=True)
class WorkflowRun:
    """One run of a workflow; `workflow` is the name of its file."""

    id: int
    workflow: str
    event: str
    head_branch: str
    head_sha: str
    status: str = "queued"
    conclusion: str | None = None
    created_at: str = field(default_factory=now)


@dataclass(kw_only=True)
class Fault:
    """An answer that is given instead of the real one, so many times.

    `after` lets the request take effect first: the answer is lost, not the request.
    """

    times: int
    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    method: str
    path: re.Pattern[str]
    after: bool
