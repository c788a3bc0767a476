"""What every `Forge` does with pull requests, statuses, comments and dispatches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes.github import FakeGitHub
from forges import REPOSITORY, Author, forge_on, make_repository
from wms.adapters.git.repository import GitRepository
from wms.adapters.local.forge import LocalForge
from wms.core.errors import ForgeError, RemoteMovedError, UnmergeableError
from wms.core.ports import Check, Forge, Release

GitCommand = Callable[..., str]


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return tmp_path / "remote.git"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return make_repository(tmp_path)


@pytest.fixture(params=["local", "github"])
def connect(
    request: pytest.FixtureRequest, tmp_path: Path, remote: Path, repository: GitRepository
) -> Iterator[Callable[[], Forge]]:
    """Makes as many forges of the same repository as a test asks for, as several processes would."""
    if request.param == "local":
        yield lambda: LocalForge(tmp_path / "forge", remote)
        return
    with FakeGitHub(git=remote, repository=REPOSITORY, workflows={"deploy-model.yml"}) as github:
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
    assert forge.statuses(sha) == ()
    forge.set_status(sha, Check(context="wms/tests", state="pending", description="Running"))
    forge.set_status(sha, Check(context="wms/gate", state="success", description="Better"))
    forge.set_status(sha, Check(context="wms/tests", state="failure", description="2 failed"))
    assert forge.statuses(sha) == (
        Check(context="wms/gate", state="success", description="Better"),
        Check(context="wms/tests", state="failure", description="2 failed"),
    )


def test_ci_passed_only_where_its_latest_status_says_so(forge: Forge, author: Author) -> None:
    sha = author.open().head_sha
    assert not forge.ci_passed(sha)
    forge.set_status(sha, Check(context="ci", state="success", description=""))
    assert forge.ci_passed(sha)
    forge.set_status(sha, Check(context="ci", state="failure", description=""))
    assert not forge.ci_passed(sha)


def test_a_status_of_more_than_140_characters_is_an_error(forge: Forge, author: Author) -> None:
    sha = author.open().head_sha
    forge.set_status(sha, Check(context="wms/gate", state="success", description="x" * 140))
    with pytest.raises(ForgeError):
        forge.set_status(sha, Check(context="wms/gate", state="success", description="x" * 141))


@pytest.mark.parametrize(
    "ask",
    [
        lambda forge, sha: forge.set_status(sha, Check(context="ci", state="success", description="")),
        lambda forge, sha: forge.comment(sha, "Hello"),
        lambda forge, sha: forge.statuses(sha),
        lambda forge, sha: forge.ci_passed(sha),
    ],
)
def test_an_unknown_commit_is_an_error(forge: Forge, ask: Callable[[Forge, str], object]) -> None:
    with pytest.raises(ForgeError):
        ask(forge, "0" * 40)


def test_a_commit_of_a_pushed_branch_has_the_statuses_that_were_posted_before(
    forge: Forge, author: Author
) -> None:
    sha = author.push("promote/1", "model", b"new\n")
    passed = Check(context="ci", state="success", description="")
    forge.set_status(sha, passed)
    forge.open_pull_request(head="promote/1", base="main", title="A title", body="")
    assert forge.statuses(sha) == (passed,)


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
    forge.dispatch("deploy-model.yml", {"version": "3"})


def write_files(folder: Path, **texts: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
    return [folder / f"{name}.txt" for name in texts]


@pytest.fixture
def release(
    forge: Forge, repository: GitRepository, tmp_path: Path
) -> Callable[[str], tuple[Release, str, list[Path]]]:
    """Publishes a release with two files on the tip of main."""

    def publish(tag: str) -> tuple[Release, str, list[Path]]:
        main = repository.head("main")
        assert main is not None
        files = write_files(tmp_path / tag, model=f"model {tag}", card=f"card {tag}")
        made = forge.publish_release(tag=tag, sha=main, title=f"Title {tag}", body="A body", files=files)
        return made, main, files

    return publish


Publish = Callable[[str], tuple[Release, str, list[Path]]]


def test_a_release_puts_its_files_under_a_tag(
    forge: Forge, release: Publish, remote: Path, git: GitCommand, tmp_path: Path
) -> None:
    assert forge.releases() == ()
    made, main, _ = release("model-v1")
    assert (made.tag, made.title, made.latest) == ("model-v1", "Title model-v1", True)
    assert made.url
    assert forge.releases() == (made,)
    assert git(remote, "rev-parse", "model-v1^{commit}") == main
    forge.download_asset("model-v1", "card.txt", tmp_path / "got")
    assert (tmp_path / "got").read_text() == "card model-v1"


def test_releases_are_listed_newest_first_and_the_newest_is_the_latest(
    forge: Forge, release: Publish
) -> None:
    for tag in ("model-v1", "model-v2"):
        release(tag)
    assert [(each.tag, each.latest) for each in forge.releases()] == [("model-v2", True), ("model-v1", False)]


def test_publishing_again_returns_the_release_as_it_is(
    forge: Forge, release: Publish, repository: GitRepository, tmp_path: Path
) -> None:
    made, main, _ = release("model-v1")
    others = write_files(tmp_path / "others", model="another")
    again = forge.publish_release(tag="model-v1", sha=main, title="Another", body="", files=others)
    assert again == made
    forge.download_asset("model-v1", "model.txt", tmp_path / "got")
    assert (tmp_path / "got").read_text() == "model model-v1"


def test_a_tag_on_the_commit_is_used_and_one_elsewhere_is_an_error(
    forge: Forge, author: Author, release: Publish, remote: Path, git: GitCommand
) -> None:
    git(remote, "tag", "model-v1", "main")
    git(remote, "tag", "model-v2", author.push("other", "data", b"other\n"))
    assert release("model-v1")[0].latest
    with pytest.raises(ForgeError, match="model-v2"):
        release("model-v2")
    assert [each.tag for each in forge.releases()] == ["model-v1"]


def test_the_mark_moves_and_titles_change(forge: Forge, release: Publish) -> None:
    for tag in ("model-v1", "model-v2"):
        release(tag)
    forge.mark_release("model-v1", title="In production", latest=True)
    forge.mark_release("model-v2", title="Not any more", latest=False)
    assert [(each.title, each.latest) for each in forge.releases()] == [
        ("Not any more", False),
        ("In production", True),
    ]


def test_what_is_not_released_is_an_error_and_leaves_no_file(
    forge: Forge, release: Publish, tmp_path: Path
) -> None:
    release("model-v1")
    for tag, name in (("model-v1", "nothing.txt"), ("model-v9", "model.txt")):
        with pytest.raises(ForgeError):
            forge.download_asset(tag, name, tmp_path / "got")
    with pytest.raises(ForgeError):
        forge.mark_release("model-v9", title="", latest=True)
    assert not (tmp_path / "got").exists()


def test_a_file_that_is_there_is_replaced_by_a_download(
    forge: Forge, release: Publish, tmp_path: Path
) -> None:
    release("model-v1")
    (tmp_path / "got").write_text("something longer than a card")
    forge.download_asset("model-v1", "card.txt", tmp_path / "got")
    assert (tmp_path / "got").read_text() == "card model-v1"


def test_a_release_on_an_unknown_commit_is_an_error(forge: Forge, tmp_path: Path) -> None:
    files = write_files(tmp_path / "files", model="model")
    with pytest.raises(ForgeError):
        forge.publish_release(tag="model-v1", sha="0" * 40, title="", body="", files=files)
    assert forge.releases() == ()


def test_a_deployment_is_recorded_and_says_how_it_goes(forge: Forge, author: Author) -> None:
    sha = author.push("other", "model", b"new\n")
    numbers = [
        forge.record_deployment(environment="node", sha=sha, description=f"model v{version}")
        for version in (1, 2)
    ]
    assert len(set(numbers)) == 2
    for state in ("queued", "in_progress", "success"):
        forge.set_deployment_state(numbers[1], state, description="d" * 140)
        assert forge.deployment_state(numbers[1]) == state


def test_a_deployment_that_nobody_began_has_no_state(forge: Forge) -> None:
    with pytest.raises(ForgeError):
        forge.set_deployment_state(7, "success", description="")
    with pytest.raises(ForgeError):
        forge.deployment_state(7)


def test_a_state_of_a_deployment_is_described_in_few_words(forge: Forge) -> None:
    with pytest.raises(ForgeError, match="140 characters"):
        forge.set_deployment_state(1, "success", description="d" * 141)


def test_without_a_page_its_address_is_nothing(forge: Forge) -> None:
    assert forge.page_url() is None
