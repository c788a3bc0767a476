"""What all runs of a rehearsal share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.engine.actions.base import Action
from rehearsal.engine.hooks import Watcher
from rehearsal.engine.node import Node
from rehearsal.engine.permissions import RESTRICTED, Permissions
from rehearsal.engine.process import Grace
from rehearsal.engine.remote import Remote
from rehearsal.engine.tokens import Tokens


@dataclass(kw_only=True)
class World:
    """The repository's settings and the machines; tests may change them between runs."""

    node: Node
    remote: Remote
    root: Path
    git_url: str
    tokens: Tokens
    actions: dict[str, Action]
    repository: str = "octo/meters"
    default_branch: str = "main"
    api_url: str = "https://api.github.invalid"
    vars: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    default_permissions: Permissions = field(default_factory=lambda: dict(RESTRICTED))
    env: dict[str, str] = field(default_factory=dict)
    """Variables that every job sees, such as AWS_ENDPOINT_URL of a stand-in."""
    path: tuple[Path, ...] = ()
    """Folders that come first on every job's PATH, such as the project's `.venv/bin`."""
    grace: Grace = field(default_factory=Grace)
    minute_seconds: float = 60.0
    """How long a minute of `timeout-minutes` lasts."""
    watchers: list[Watcher] = field(default_factory=list)
    caches: dict[str, dict[str, bytes]] = field(default_factory=dict)
