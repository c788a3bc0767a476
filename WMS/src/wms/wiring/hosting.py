"""The forge of a clone's remote, and everything that needs only Git."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from wms.adapters.absent import Absent
from wms.adapters.git.cli import Git, token_access
from wms.adapters.git.repository import GitRepository
from wms.adapters.git.state import GitState
from wms.adapters.local.forge import LocalForge
from wms.adapters.messages import without_credentials
from wms.core.context import Clone
from wms.core.errors import Code, ForgeError, GitHubError, InputError
from wms.core.github_name import slug_of
from wms.core.layout import Layout
from wms.core.ports import Forge, Releases
from wms.core.progress import Progress
from wms.core.settings.infra import ENVIRONMENT_VARIABLE

if TYPE_CHECKING:
    from wms.adapters.github.actions import GitHubActions
    from wms.adapters.github.gh import GhRepository

GITHUB, GITHUB_API = "https://github.com", "https://api.github.com"
REMOTE = ".wms/remote.git"
"""The bare repository that is a workspace's own remote."""


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """A repository on GitHub, from a workflow's environment variables."""

    api_url: str
    server_url: str
    repository: str
    token: str
    run_url: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Hosted | None:
        """From `GITHUB_REPOSITORY` and `GITHUB_TOKEN`; `None` without a token.

        Only steps that ask for the token have it, so tests in CI have no forge.
        """
        repository, token = environment.get("GITHUB_REPOSITORY"), environment.get("GITHUB_TOKEN")
        if not (repository and token):
            return None
        return cls(
            api_url=environment.get("GITHUB_API_URL") or GITHUB_API,
            server_url=environment.get("GITHUB_SERVER_URL") or GITHUB,
            repository=repository,
            token=token,
            run_url=run_url(environment),
        )

    @property
    def git_access(self) -> dict[str, str]:
        """Environment variables for Git to fetch and push."""
        return token_access(self.server_url, self.token)

    @property
    def page(self) -> str:
        """The repository's page."""
        return f"{self.server_url}/{self.repository}"

    def forge(self) -> Forge:
        """The forge of this repository."""
        from wms.adapters.github.forge import GitHubForge

        return GitHubForge(
            api_url=self.api_url, repository=self.repository, token=self.token, run_url=self.run_url
        )

    def workflows(self) -> GitHubActions:
        """The workflow runs of this repository."""
        from wms.adapters.github.actions import GitHubActions

        return GitHubActions(api_url=self.api_url, repository=self.repository, token=self.token)


def run_url(environment: Mapping[str, str]) -> str:
    """The page of the present workflow run; empty outside of GitHub Actions.

    From the variables that every runner sets (docs.github.com, "Variables reference").
    """
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (environment.get(name, "") for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else ""


def open_state(layout: Layout) -> GitState | None:
    """The embedded default's state in the Git remote; `None` where an environment keeps the state."""
    if os.environ.get(ENVIRONMENT_VARIABLE):
        return None
    hosted = Hosted.from_environment(os.environ)
    return GitState(layout.root, layout.state, env=hosted.git_access if hosted else None)


def open_clone(start: Path, progress: Progress, *, remote: str = "origin") -> Clone:
    """The clone that contains `start`, for commands that need only Git.

    Raises:
        InputError: not inside a workspace, or it has no such remote.
    """
    layout = Layout.find(start)
    return Clone(
        layout=layout,
        repository=GitRepository(layout.root, remote, attended=True, progress=progress),
        progress=progress,
        remote=remote,
        remote_url=without_credentials(_remote_url(layout.root, remote)),
    )


def open_github(clone: Clone, name: str | None) -> GhRepository:
    """The repository on GitHub of this name, or of the clone's remote.

    Raises:
        GitHubError: the remote is not on GitHub, or there is no `gh` on this machine.
    """
    found = name or slug_of(clone.remote_url)
    if found is None:
        raise GitHubError(
            f"the remote {clone.remote_url} is not a repository on github.com",
            remedy="Name one: --repo OWNER/NAME.",
        )
    return github_named(found)


def github_named(slug: str, *, timeout_seconds: float | None = None) -> GhRepository:
    """A repository on GitHub, with a time limit for each question if one is given.

    Raises:
        GitHubError: there is no `gh` on this machine.
    """
    from wms.adapters.github.gh import GhRepository

    return GhRepository(slug, api_url=_api_url(), timeout_seconds=timeout_seconds)


def forge_of_person(repository: GhRepository) -> Forge:
    """The forge on GitHub for the person who is signed in with gh.

    Raises:
        GitHubError: nobody is signed in.
    """
    return Hosted(
        api_url=_api_url(),
        server_url=GITHUB,
        repository=repository.name,
        token=repository.token,
    ).forge()


def local_forge(layout: Layout) -> Forge:
    """The forge of the bare repository `origin`; an `Absent` one for a hosted remote, which needs a token.

    Raises:
        InputError: there is no `origin`, or its folder is gone.
    """
    root = layout.root
    written = _remote_url(root, "origin")
    url = without_credentials(written)
    if _HOSTED.match(url):
        needed = ForgeError(
            f"pull requests and statuses of {url} cannot be reached without a token",
            remedy="Let its workflow do it, or set GITHUB_REPOSITORY (OWNER/NAME) and GITHUB_TOKEN.",
        )
        return cast("Forge", Absent(needed))
    remote = (root / written).resolve()
    if (remote / "HEAD").is_file():
        return LocalForge(layout.state / "forge", remote)
    if (root / REMOTE / "HEAD").is_file():
        raise InputError(
            f"the remote {written} is gone, as after a move of the workspace; its own remote is {REMOTE}",
            Code.WORKSPACE,
            remedy=f"Name it: `git remote set-url origin ./{REMOTE}`.",
        )
    raise InputError(
        f"the remote {url} is not a bare repository on this machine, so nothing can be merged there",
        Code.WORKSPACE,
        remedy="Make a workspace with `wms init DIR`, or name its remote: `git remote set-url origin URL`.",
    )


def open_releases(name: str) -> Releases:
    """The releases of a repository on GitHub; public ones need no token."""
    from wms.adapters.github.forge import GitHubForge

    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or None
    return GitHubForge(api_url=_api_url(), repository=name, token=token)


def releases_of(layout: Layout) -> Releases:
    """The releases of a clone's `origin`; public ones need no token.

    Raises:
        InputError: there is no `origin`, or its folder is gone.
    """
    hosted = Hosted.from_environment(os.environ)
    if hosted is not None:
        return hosted.forge()
    name = slug_of(Git(layout.root).run("remote", "get-url", "origin", ok=(0, 2)).line)
    return open_releases(name) if name else local_forge(layout)


def _remote_url(root: Path, remote: str) -> str:
    answer = Git(root).run("remote", "get-url", remote, ok=(0, 2))
    if answer.code == 2:
        raise InputError(
            f"{root} has no Git remote named {without_credentials(remote)}",
            Code.WORKSPACE,
            remedy="Add it with `git remote add NAME URL`, and push to it by its name.",
        )
    return answer.line


def _api_url() -> str:
    return os.environ.get("GITHUB_API_URL") or GITHUB_API


_HOSTED = re.compile(r"[a-z+]+://|[^/]+@?[^/]*:")
"""A hosted remote: a URL, or `user@host:path` for SSH."""
