"""What every `Forge` does with pull requests, statuses, comments and dispatches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes.github import FakeGitHub
from forges import REPOSITORY, Author, forge_on
from wms.adapters.git import GitRepository
from wms.adapters.git_workspace import init_repository
from wms.adapters.local_forge import LocalForge
from wms.domain.errors import ForgeError, RemoteMovedError, UnmergeableError
from wms.ports import Check, Forge

GitCommand = Callable[..., str]


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return tmp_path / "remote.git"


@pytest.fixture
def repository(tmp_path: Path, remote: Path) -> GitRepository:
    init_repository(tmp_path / "clone", remote, {"model": b"old\n", "data": b"old\n"}, message="First")
    return GitRepository(tmp_path / "clone")


@pytest.fixture(params=["local", "github"])
def connect(
    request: pytest.FixtureRequest, tmp_path: Path, remote: Path, repository: GitRepository
) -> Iterator[Callable[[], Forge]]:
    """Makes as many forges of the same repository as a test asks for, as several processes would."""
    if request.param == "local":
        yield lambda: LocalForge(tmp_path / "forge", remote)
        return
    with FakeGitHub(git=remote, repository=REPOSITORY, workflows={"deploy-model.yaml"}) as github:
        yield lambda: forge_on(github)


@pytest.fixture
def forge(connect: Callable[[], Forge]) -> Forge:
    return connect()


@pytest.fixture
def author(repository: GitRepository, forge: Forge) -> Author:
    return Author(repository, forge)


def test_labels_are_put_on_a_pull_request_once(forge: Forge, author: Author) -> None:
    opened = author.open()
    assert opened.labels == ()
    for _ in range(2):
        again = forge.open_pull_request(
            head=opened.head, base="main", title="", body="", labels=("promotion", "bug")
        )
        assert (again.number, again.labels) == (opened.number, ("promotion", "bug"))
    assert forge.pull_request(opened.number).labels == ("promotion", "bug")


def test_an_opened_pull_request_says_what_was_asked(forge: Forge, author: Author) -> None:
    opened = author.open()
    assert (opened.number, opened.head, opened.base, opened.state) == (1, "promote/1", "main", "open")
    assert (opened.title, opened.body) == ("A title", "A body")
    assert opened.url
    assert forge.pull_request(1) == opened


def test_opening_again_returns_the_open_one(forge: Forge, author: Author) -> None:
    opened = author.open()
    again = forge.open_pull_request(head="promote/1", base="main", title="Another", body="")
    assert again == opened
    assert forge.pull_requests(head_prefix="", state="all") == (opened,)


def test_a_closed_pull_request_does_not_stand_for_a_new_one(forge: Forge, author: Author) -> None:
    forge.close(author.open().number, comment="No")
    assert forge.open_pull_request(head="promote/1", base="main", title="", body="").number == 2


@pytest.mark.parametrize(("head", "base"), [("nowhere", "main"), ("promote/1", "nowhere")])
def test_a_pull_request_of_a_missing_branch_is_an_error(
    forge: Forge, author: Author, head: str, base: str
) -> None:
    author.push("promote/1", "model", b"new\n")
    with pytest.raises(ForgeError):
        forge.open_pull_request(head=head, base=base, title="", body="")


def test_a_pull_request_without_commits_is_an_error(
    forge: Forge, author: Author, repository: GitRepository
) -> None:
    main = repository.head("main")
    assert main is not None
    repository.push(main, "promote/1", expect=None)
    with pytest.raises(ForgeError):
        forge.open_pull_request(head="promote/1", base="main", title="", body="")


def test_an_open_pull_request_follows_its_branch(forge: Forge, author: Author) -> None:
    number = author.open().number
    newer = author.push("promote/1", "model", b"newer\n")
    assert forge.pull_request(number).head_sha == newer


def test_a_pull_request_whose_branch_is_deleted_is_closed(forge: Forge, author: Author) -> None:
    opened = author.open()
    author.delete("promote/1")
    now = forge.pull_request(opened.number)
    assert (now.state, now.head_sha) == ("closed", opened.head_sha)


def test_an_unknown_number_is_an_error(forge: Forge) -> None:
    with pytest.raises(ForgeError):
        forge.pull_request(7)


def test_pull_requests_are_listed_by_prefix_and_state_oldest_first(forge: Forge, author: Author) -> None:
    first, second = author.open("promote/2"), author.open("promote/1")
    author.open("other/1")
    forge.close(first.number, comment="No")
    listed = forge.pull_requests(head_prefix="promote/", state="all")
    assert [(pull.number, pull.state) for pull in listed] == [(1, "closed"), (2, "open")]
    assert forge.pull_requests(head_prefix="promote/", state="open") == (second,)


def test_a_merge_puts_the_changes_on_the_base_with_both_parents(
    forge: Forge, author: Author, repository: GitRepository, remote: Path, git: GitCommand
) -> None:
    opened = author.open()
    base = author.push("main", "data", b"meanwhile\n")
    merge = forge.merge(opened.number, sha=opened.head_sha)
    repository.fetch()
    assert repository.head("main") == merge
    assert repository.read_file(merge, "model") == b"new\n"
    assert repository.read_file(merge, "data") == b"meanwhile\n"
    assert git(remote, "show", "-s", "--format=%P", merge).split() == [base, opened.head_sha]
    subject = repository.history("main", "model")[0].subject
    assert subject.startswith("Merge pull request #1 from ")
    assert subject.endswith("promote/1")
    assert forge.pull_request(opened.number).state == "merged"


def test_merging_again_returns_the_same_commit(forge: Forge, author: Author) -> None:
    opened = author.open()
    merge = forge.merge(opened.number, sha=opened.head_sha)
    author.delete("promote/1")
    assert forge.merge(opened.number, sha=opened.head_sha) == merge
    assert forge.pull_request(opened.number).state == "merged"


def test_a_head_that_moved_is_not_merged(forge: Forge, author: Author, repository: GitRepository) -> None:
    opened = author.open()
    before = repository.head("main")
    author.push("promote/1", "model", b"newer\n")
    with pytest.raises(RemoteMovedError):
        forge.merge(opened.number, sha=opened.head_sha)
    repository.fetch()
    assert repository.head("main") == before


def test_a_conflict_can_never_be_merged(forge: Forge, author: Author, repository: GitRepository) -> None:
    opened = author.open()
    base = author.push("main", "model", b"other\n")
    with pytest.raises(UnmergeableError, match="does not merge into main"):
        forge.merge(opened.number, sha=opened.head_sha)
    repository.fetch()
    assert repository.head("main") == base
    assert forge.pull_request(opened.number).state == "open"


def test_a_closed_pull_request_is_not_merged(forge: Forge, author: Author) -> None:
    opened = author.open()
    forge.close(opened.number, comment="No")
    assert forge.pull_request(opened.number).state == "closed"
    with pytest.raises(UnmergeableError):
        forge.merge(opened.number, sha=opened.head_sha)


def test_a_merged_pull_request_is_not_closed(forge: Forge, author: Author) -> None:
    opened = author.open()
    forge.merge(opened.number, sha=opened.head_sha)
    with pytest.raises(ForgeError):
        forge.close(opened.number, comment="No")


def test_merges_at_once_give_one_commit(connect: Callable[[], Forge], author: Author) -> None:
    opened = author.open()
    start = threading.Barrier(4)

    def merge(_: int) -> str:
        forge = connect()
        start.wait()
        return forge.merge(opened.number, sha=opened.head_sha)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(merge, range(4)))) == 1


def test_the_latest_status_of_each_context_counts(forge: Forge, author: Author) -> None:
    sha = author.open().head_sha
    forge.set_status(sha, Check(context="wms/tests", state="pending", description="Running"))
    forge.set_status(sha, Check(context="wms/gate", state="success", description="Better"))
    forge.set_status(sha, Check(context="wms/tests", state="failure", description="2 failed"))
    assert forge.statuses(sha) == (
        Check(context="wms/gate", state="success", description="Better"),
        Check(context="wms/tests", state="failure", description="2 failed"),
    )


def test_a_commit_without_statuses_has_none(forge: Forge, author: Author) -> None:
    assert forge.statuses(author.open().head_sha) == ()


def test_a_status_of_more_than_140_characters_is_an_error(forge: Forge, author: Author) -> None:
    sha = author.open().head_sha
    forge.set_status(sha, Check(context="wms/gate", state="success", description="x" * 140))
    with pytest.raises(ForgeError):
        forge.set_status(sha, Check(context="wms/gate", state="success", description="x" * 141))


def test_a_status_or_comment_on_an_unknown_commit_is_an_error(forge: Forge) -> None:
    with pytest.raises(ForgeError):
        forge.set_status("0" * 40, Check(context="wms/gate", state="success", description=""))
    with pytest.raises(ForgeError):
        forge.comment("0" * 40, "Hello")


def test_a_commit_of_a_pushed_branch_has_the_statuses_that_were_posted_before(
    forge: Forge, author: Author
) -> None:
    sha = author.push("promote/1", "model", b"new\n")
    passed = Check(context="ci", state="success", description="")
    forge.set_status(sha, passed)
    forge.open_pull_request(head="promote/1", base="main", title="A title", body="")
    assert forge.statuses(sha) == (passed,)


def test_statuses_of_an_unknown_commit_are_an_error(forge: Forge) -> None:
    with pytest.raises(ForgeError):
        forge.statuses("0" * 40)


def test_closing_a_closed_pull_request_is_no_error(forge: Forge, author: Author) -> None:
    number = author.open().number
    forge.close(number, comment="No")
    forge.close(number, comment="Still no")
    assert forge.pull_request(number).state == "closed"


def test_a_head_that_moved_is_not_merged_again_under_its_old_name(forge: Forge, author: Author) -> None:
    opened = author.open()
    newer = author.push("promote/1", "model", b"newer\n")
    forge.merge(opened.number, sha=newer)
    with pytest.raises(RemoteMovedError):
        forge.merge(opened.number, sha=opened.head_sha)


def test_very_long_texts_are_taken(forge: Forge, author: Author) -> None:
    sha = author.push("promote/1", "model", b"new\n")
    opened = forge.open_pull_request(head="promote/1", base="main", title="t" * 300, body="b" * 70_000)
    forge.comment(sha, "c" * 70_000)
    forge.close(opened.number, comment="d" * 70_000)
    assert opened.body.startswith("b" * 60_000)


def test_a_workflow_can_be_started(forge: Forge) -> None:
    forge.dispatch("deploy-model.yaml", {"version": "3"})
