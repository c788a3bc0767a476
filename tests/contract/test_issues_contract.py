"""What every `Issues` does: one open issue for each matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.github import FakeGitHub
from forges import REPOSITORY, Author, forge_on, make_repository
from wms.adapters.git.repository import GitRepository
from wms.adapters.local.forge import LocalForge
from wms.core.errors import ForgeError
from wms.core.ports import Forge


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    make_repository(tmp_path)
    with FakeGitHub(git=tmp_path / "remote.git", repository=REPOSITORY) as served:
        yield served


@pytest.fixture(params=["local", "github"])
def connect(request: pytest.FixtureRequest, tmp_path: Path, github: FakeGitHub) -> Callable[[], Forge]:
    if request.param == "local":
        return lambda: LocalForge(tmp_path / "forge", tmp_path / "remote.git")
    token = github.new_actions_token(contents="read", issues="write")
    return lambda: forge_on(github, token=token)


def test_an_issue_is_opened_once_and_then_kept_up_to_date(connect: Callable[[], Forge]) -> None:
    first = connect().raise_issue(label="drift", title="Moved: brightness", body="darker")
    again = connect().raise_issue(label="drift", title="Moved: size", body="smaller")
    other = connect().raise_issue(label="other", title="Another", body="matter")
    assert again == first != other


def test_github_shows_the_newest_text_of_the_issue(github: FakeGitHub) -> None:
    forge = forge_on(github, token=github.new_actions_token(contents="read", issues="write"))
    for title, body in (("Moved: brightness", "darker"), ("Moved: size", "x" * 70_000)):
        forge.raise_issue(label="drift", title=title, body=body)
    (issue,) = github.issues.values()
    assert (issue.title, issue.labels) == ("Moved: size", ["drift"])
    assert issue.body.startswith("x")


def test_a_pull_request_with_the_label_is_not_the_issue(github: FakeGitHub, tmp_path: Path) -> None:
    forge = forge_on(github, token=github.user_token)
    opened = Author(GitRepository(tmp_path / "clone"), forge).open()
    github.pulls[opened.number].labels.append("drift")
    number = forge.raise_issue(label="drift", title="Moved", body="darker")
    assert number != opened.number


def test_a_token_that_may_not_write_issues_is_an_error_that_says_so(github: FakeGitHub) -> None:
    with pytest.raises(ForgeError, match="telling by an issue"):
        forge_on(github).raise_issue(label="drift", title="Moved", body="darker")


def test_a_repository_without_issues_is_an_error(github: FakeGitHub) -> None:
    github.settings.has_issues = False
    with pytest.raises(ForgeError, match="disabled"):
        forge_on(github, token=github.user_token).raise_issue(label="drift", title="Moved", body="darker")
