"""A repository whose forge is the stand-in for GitHub, and a project of a person."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clones import Project, make_project
from fakes.github import FakeGitHub
from forges import REPOSITORY, Author, forge_on, make_repository
from wms.adapters.git.repository import GitRepository
from wms.adapters.github.forge import GitHubForge
from wms.core.ports import PullRequest


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return tmp_path / "remote.git"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return make_repository(tmp_path)


@pytest.fixture
def github(remote: Path, repository: GitRepository) -> Iterator[FakeGitHub]:
    with FakeGitHub(git=remote, repository=REPOSITORY, workflows={"deploy-model.yml"}) as github:
        yield github


@pytest.fixture
def forge(github: FakeGitHub) -> GitHubForge:
    return forge_on(github)


@pytest.fixture
def author(repository: GitRepository, forge: GitHubForge) -> Author:
    return Author(repository, forge)


@pytest.fixture
def main(repository: GitRepository) -> str:
    sha = repository.head("main")
    assert sha is not None
    return sha


@pytest.fixture
def project(tmp_path: Path, quick_without_torch: str) -> Project:
    return make_project(tmp_path, quick_without_torch)


@pytest.fixture
def opened(author: Author) -> PullRequest:
    return author.open()
