"""What all runs of a rehearsal share."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.engine.actions.base import Action
from rehearsal.engine.gitserver import Tokens
from rehearsal.engine.hooks import Watcher
from rehearsal.engine.node import Node, WorkflowError
from rehearsal.engine.process import Grace
from rehearsal.engine.remote import Remote
from rehearsal.engine.workflow import Workflow


@dataclass(kw_only=True)
class World:
    """The repository's settings and the machines; tests may change them between runs."""

    node: Node
    remote: Remote
    root: Path
    git_url: str
    tokens: Tokens
    actions: dict[str, Action]
    """By name without version, or by the path of a local action that is not executed."""
    repository: str = "octo/meters"
    api_url: str = "https://api.github.invalid"
    vars: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    """Variables that every job sees, such as AWS_ENDPOINT_URL of a stand-in."""
    path: tuple[Path, ...] = ()
    """Folders that come first on every job's PATH, such as the project's `.venv/bin`."""
    grace: Grace = field(default_factory=Grace)
    watchers: list[Watcher] = field(default_factory=list)
    caches: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def workflow(self, sha: str, path: str) -> Workflow:
        """A workflow file at a commit of the remote.

        Raises:
            WorkflowError: there is none, or GitHub's parser refuses it.
        """
        text = self.remote.read(sha, path)
        if text is None:
            raise WorkflowError(f"there is no {path} at {sha}")
        return Workflow(path=path, tree=self.node.parse("workflow", path, text))
