"""What follows a merge, where Git is told of it later than the forge."""

from __future__ import annotations

from pathlib import Path

import pytest

from forges import Author
from wms.adapters.git.repository import GitRepository
from wms.adapters.git.workspace import init_repository
from wms.adapters.local.forge import LocalForge
from wms.core.errors import ForgeError, RepositoryError, StaleBaseError
from wms.promotion.after_merge import WAITS_SECONDS, ask_for_deployment, fetch_merge

NEVER = 99


class SlowRemote(GitRepository):
    """A clone whose fetches show nothing new for a while, as behind a replica that lags."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.blind_fetches = 0

    def fetch(self) -> None:
        if self.blind_fetches == 0:
            super().fetch()
        else:
            self.blind_fetches -= 1


@pytest.fixture
def repository(tmp_path: Path) -> SlowRemote:
    init_repository(tmp_path / "clone", tmp_path / "remote.git", {"model": b"old\n"}, message="First")
    return SlowRemote(tmp_path / "clone")


@pytest.fixture
def forge(tmp_path: Path, repository: SlowRemote) -> LocalForge:
    return LocalForge(tmp_path / "forge", tmp_path / "remote.git")


@pytest.fixture
def merged(repository: SlowRemote, forge: LocalForge) -> str:
    opened = Author(repository, forge).open()
    return forge.merge(opened.number, sha=opened.head_sha)


@pytest.mark.parametrize("blind_fetches", [0, 3])
def test_a_merge_is_waited_for_until_git_shows_it(
    repository: SlowRemote, merged: str, blind_fetches: int
) -> None:
    repository.blind_fetches = blind_fetches
    paused: list[float] = []
    fetch_merge(repository, merged, pause=paused.append)
    assert paused == list(WAITS_SECONDS[:blind_fetches])
    assert repository.head("main") == merged


def test_a_merge_that_git_never_shows_is_an_error_that_can_heal(repository: SlowRemote, merged: str) -> None:
    repository.blind_fetches = NEVER
    paused: list[float] = []
    with pytest.raises(RepositoryError) as caught:
        fetch_merge(repository, merged, pause=paused.append)
    assert caught.value.can_heal
    assert paused == list(WAITS_SECONDS)


def test_a_main_that_was_set_back_since_the_merge_is_told(repository: SlowRemote, merged: str) -> None:
    fetch_merge(repository, merged)
    first = repository.history("main", "model")[-1].sha
    repository.push(first, "main", expect=merged)
    with pytest.raises(StaleBaseError):
        fetch_merge(repository, merged, pause=lambda _: None)


def test_a_deployment_is_asked_for_by_version(forge: LocalForge) -> None:
    assert ask_for_deployment(forge, 3) is None
    assert [(each.workflow, each.inputs) for each in forge.dispatches()] == [
        ("deploy-model.yml", {"version": "3"})
    ]


def test_a_deployment_that_cannot_be_started_says_what_to_do(
    forge: LocalForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ForgeError("GitHub is away", remedy="Wait.")

    monkeypatch.setattr(forge, "dispatch", refuse)
    said = ask_for_deployment(forge, 3)
    assert said == "GitHub is away. Wait. Then start deploy-model.yml by hand with version 3."
