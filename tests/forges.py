"""What the tests of a forge share: somebody who pushes, and a forge on the stand-in for GitHub."""

from __future__ import annotations

from pathlib import Path

from fakes.github import FakeGitHub
from wms.adapters.git.repository import GitRepository
from wms.adapters.git.workspace import init_repository
from wms.adapters.github.client import Patience
from wms.adapters.github.forge import GitHubForge
from wms.core.ports import Forge, PullRequest

REPOSITORY = "owner/meters"
FILES = {"model": b"old\n", "data": b"old\n"}
QUICK = Patience(
    request_seconds=10,
    attempts=3,
    limit_seconds=2.0,
    between_requests_seconds=0.0,
    between_writes_seconds=0.0,
    settle_seconds=1.0,
    lag_seconds=0.2,
    poll_seconds=0.01,
    run_seconds=0.05,
)


def forge_on(github: FakeGitHub, *, token: str | None = None, repository: str | None = None) -> GitHubForge:
    """A forge that speaks to the stand-in, with a workflow's token where none is given."""
    return GitHubForge(
        api_url=github.api_url,
        repository=repository or github.repository,
        token=token or github.actions_token,
        patience=QUICK,
    )


def make_repository(folder: Path) -> GitRepository:
    """A clone in `folder/clone` of the bare repository `folder/remote.git`, with two files on main."""
    init_repository(folder / "clone", folder / "remote.git", FILES, message="First")
    return GitRepository(folder / "clone")


class Author:
    """Pushes commits and opens pull requests."""

    def __init__(self, repository: GitRepository, forge: Forge) -> None:
        self._repository, self._forge = repository, forge

    def push(self, branch: str, path: str, data: bytes) -> str:
        self._repository.fetch()
        tip = self._repository.head(branch)
        parent = tip or self._repository.head("main")
        assert parent is not None
        sha = self._repository.commit(parent, {path: data}, message=f"{path} on {branch}")
        self._repository.push(sha, branch, expect=tip)
        return sha

    def delete(self, branch: str) -> None:
        self._repository.fetch()
        sha = self._repository.head(branch)
        assert sha is not None
        assert self._repository.delete_branch(branch, expect=sha)

    def open(self, branch: str = "promote/1", path: str = "model", data: bytes = b"new\n") -> PullRequest:
        self.push(branch, path, data)
        return self._forge.open_pull_request(head=branch, base="main", title="A title", body="A body")
