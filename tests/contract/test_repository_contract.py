"""What every `Repository` does, against a real bare remote, whatever the user's configuration says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wms.adapters.git import GitRepository
from wms.adapters.git_workspace import init_repository
from wms.domain.errors import RemoteMovedError, RepositoryError
from wms.ports import Repository

GitCommand = Callable[..., str]

NAMES = [
    "plain.txt",
    "with space.txt",
    "żółw-水表.txt",
    "tab\there.txt",
    "line\nbreak.txt",
    'quo"te\\.txt',
    "*.txt",
]


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return tmp_path / "my remote żółw.git"


@pytest.fixture(params=["plain clone", "clone with a surprising configuration"])
def clone(request: pytest.FixtureRequest, tmp_path: Path, remote: Path, git: GitCommand) -> Path:
    root = tmp_path / "my clone żółw"
    files = {"README.md": b"hello\n", "data/one.txt": b"1\r\n", "data/deep/two.txt": b"2\n"}
    init_repository(root, remote, files, message="First")
    if request.param != "plain clone":
        hook = root / ".git/hooks/pre-push"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        for key, value in {
            "core.autocrlf": "true",
            "commit.gpgSign": "true",
            "push.followTags": "true",
            "log.showSignature": "true",
            "core.quotePath": "true",
            "color.ui": "always",
            "remote.origin.fetch": "+refs/heads/nothing:refs/remotes/origin/nothing",
        }.items():
            git(root, "config", key, value)
    return root


@pytest.fixture
def repository(clone: Path) -> Repository:
    return GitRepository(clone)


@pytest.fixture
def first(repository: Repository) -> str:
    sha = repository.head("main")
    assert sha is not None
    return sha


def test_a_branch_that_does_not_exist_has_no_head(repository: Repository) -> None:
    assert repository.head("nowhere") is None


def test_a_pushed_commit_is_the_head_of_its_branch(repository: Repository, first: str) -> None:
    sha = repository.commit(first, {"new.txt": b"new"}, message="Second")
    repository.push(sha, "data/new", expect=None)
    assert repository.head("data/new") == sha
    repository.fetch()
    assert repository.head("data/new") == sha


def test_branches_are_listed_by_prefix_without_the_remotes_head(
    repository: Repository, first: str, clone: Path, git: GitCommand
) -> None:
    git(clone, "remote", "set-head", "origin", "main")
    for branch in ("data/b", "data/a", "database"):
        repository.push(first, branch, expect=None)
    assert repository.branches("data/") == ("data/a", "data/b")
    assert repository.branches("") == ("data/a", "data/b", "database", "main")


def test_a_branch_deleted_elsewhere_is_gone_after_a_fetch(
    repository: Repository, first: str, remote: Path, git: GitCommand
) -> None:
    repository.push(first, "data/x", expect=None)
    git(remote, "update-ref", "-d", "refs/heads/data/x")
    assert repository.head("data/x") == first
    repository.fetch()
    assert repository.head("data/x") is None


def test_a_file_is_read_byte_for_byte(repository: Repository, first: str) -> None:
    assert repository.read_file(first, "data/one.txt") == b"1\r\n"
    assert repository.read_file("main", "data/deep/two.txt") == b"2\n"


def test_a_file_that_is_not_there_is_none(repository: Repository, first: str) -> None:
    assert repository.read_file(first, "data/none.txt") is None
    assert repository.read_file(first, "data/*.txt") is None


def test_reading_a_folder_is_an_error(repository: Repository, first: str) -> None:
    with pytest.raises(RepositoryError, match="no file"):
        repository.read_file(first, "data")


@pytest.mark.parametrize("rev", ["0" * 40, "nowhere"])
def test_reading_at_an_unknown_revision_is_an_error(repository: Repository, rev: str) -> None:
    with pytest.raises(RepositoryError):
        repository.read_file(rev, "README.md")


@pytest.mark.parametrize("name", NAMES)
def test_names_and_bytes_survive_commit_and_read(repository: Repository, first: str, name: str) -> None:
    data = bytes(range(256)) + b"\r\n"
    sha = repository.commit(first, {f"data/{name}": data}, message="Odd")
    assert repository.read_file(sha, f"data/{name}") == data


def test_a_commit_removes_files_and_keeps_the_others(repository: Repository, first: str) -> None:
    sha = repository.commit(first, {"README.md": None, "gone/already": None}, message="Less")
    assert repository.read_file(sha, "README.md") is None
    assert repository.read_file(sha, "data/one.txt") == b"1\r\n"


@pytest.mark.parametrize("path", [".git/config", "../outside", "/etc/passwd"])
def test_a_commit_of_a_path_outside_is_an_error(repository: Repository, first: str, path: str) -> None:
    with pytest.raises(RepositoryError):
        repository.commit(first, {path: b""}, message="No")


def test_nothing_of_the_users_is_touched(
    repository: Repository, first: str, clone: Path, git: GitCommand, tmp_path: Path
) -> None:
    (clone / "README.md").write_text("being edited\n")
    git(clone, "add", "README.md")
    (clone / "README.md").write_text("and edited again\n")
    before = (git(clone, "status", "--porcelain"), git(clone, "for-each-ref", "refs/heads"))
    sha = repository.commit(first, {"README.md": b"other"}, message="Second")
    repository.push(sha, "main", expect=first)
    repository.fetch()
    repository.export(sha, "data", tmp_path / "out")
    assert (git(clone, "status", "--porcelain"), git(clone, "for-each-ref", "refs/heads")) == before


def test_a_commit_without_an_identity_has_one_of_our_own(
    repository: Repository, first: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-such-file"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    sha = repository.commit(first, {"README.md": b"other"}, message="Second")
    assert repository.history(sha, "README.md")[0].author == "wms"


def test_equal_commits_at_the_same_second_are_one(
    repository: Repository, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-11-23T08:00:00Z")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-23T08:00:00Z")
    one = repository.commit(first, {"a": b"1", "b": b"2"}, message="Same")
    two = repository.commit(first, {"b": b"2", "a": b"1"}, message="Same")
    assert one == two


def test_an_export_holds_every_file_below_a_path_and_nothing_else(
    repository: Repository, first: str, tmp_path: Path
) -> None:
    files: dict[str, bytes | None] = {f"data/{name}": name.encode() + b"\r\n" for name in NAMES}
    sha = repository.commit(first, files, message="More")
    out = tmp_path / "out"
    out.mkdir()
    (out / "stale.txt").write_text("of an earlier run")
    assert repository.export(sha, "data", out) == len(NAMES) + 2
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    expected = {name: name.encode() + b"\r\n" for name in NAMES}
    assert found == {**expected, "one.txt": b"1\r\n", "deep/two.txt": b"2\n"}


def test_an_export_of_a_path_that_is_not_there_is_empty(
    repository: Repository, first: str, tmp_path: Path
) -> None:
    assert repository.export(first, "data/dee", tmp_path / "out") == 0
    assert list((tmp_path / "out").iterdir()) == []


def test_a_link_is_exported_as_a_link_that_leads_nowhere(
    repository: Repository, first: str, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "real.txt").write_text("real")
    (source / "link.txt").symlink_to("real.txt")
    sha = repository.commit_folder(first, source, under="data/incoming", message="Link")
    repository.export(sha, "data/incoming", tmp_path / "out")
    assert (tmp_path / "out/link.txt").is_symlink()
    assert not (tmp_path / "out/link.txt").exists()


def test_a_tree_whose_names_lead_outside_is_not_exported(
    repository: Repository, first: str, clone: Path, git: GitCommand, tmp_path: Path
) -> None:
    blob = git(clone, "hash-object", "-w", "--stdin", stdin=b"evil")
    entry = b"100644 ../../evil\0" + bytes.fromhex(blob)
    tree = git(clone, "hash-object", "-w", "--literally", "-t", "tree", "--stdin", stdin=entry)
    sha = git(clone, "commit-tree", tree, "-p", first, "-m", "evil")
    with pytest.raises(RepositoryError):
        repository.export(sha, "", tmp_path / "deep/out")
    assert not (tmp_path / "evil").exists()


def test_a_folder_is_committed_beside_what_is_there(
    repository: Repository, first: str, tmp_path: Path
) -> None:
    for name in NAMES:
        path = tmp_path / "source/images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() + b"\r\n")
    sha = repository.commit_folder(first, tmp_path / "source", under="data", message="Folder")
    assert {name: repository.read_file(sha, f"data/images/{name}") for name in NAMES} == {
        name: name.encode() + b"\r\n" for name in NAMES
    }
    assert repository.read_file(sha, "data/one.txt") == b"1\r\n"


def test_history_is_the_first_parent_line_of_a_path_newest_first(
    repository: Repository, first: str, clone: Path, git: GitCommand
) -> None:
    second = repository.commit(first, {"README.md": b"2"}, message="Second\n\nwith a body")
    unrelated = repository.commit(second, {"other": b"2"}, message="Unrelated")
    tree = git(
        clone, "rev-parse", f"{repository.commit(unrelated, {'README.md': b'3'}, message='Side')}^{{tree}}"
    )
    side = repository.commit(unrelated, {"README.md": b"3"}, message="Side")
    merge = git(clone, "commit-tree", tree, "-p", unrelated, "-p", side, "-m", "Merge")
    history = repository.history(merge, "README.md")
    assert [(commit.sha, commit.subject) for commit in history] == [
        (merge, "Merge"),
        (second, "Second"),
        (first, "First"),
    ]
    assert history[0].at.tzinfo is not None


def test_a_push_to_a_branch_that_moved_changes_nothing(repository: Repository, first: str) -> None:
    theirs = repository.commit(first, {"who": b"they"}, message="Theirs")
    ours = repository.commit(first, {"who": b"we"}, message="Ours")
    repository.push(theirs, "main", expect=first)
    with pytest.raises(RemoteMovedError):
        repository.push(ours, "main", expect=first)
    repository.fetch()
    assert repository.head("main") == theirs


def test_a_push_that_makes_a_branch_needs_it_not_to_exist(repository: Repository, first: str) -> None:
    other = repository.commit(first, {"who": b"we"}, message="Ours")
    repository.push(first, "data/x", expect=None)
    with pytest.raises(RemoteMovedError):
        repository.push(other, "data/x", expect=None)


def test_a_push_to_a_branch_that_is_gone_is_refused(repository: Repository, first: str) -> None:
    other = repository.commit(first, {"who": b"we"}, message="Ours")
    with pytest.raises(RemoteMovedError):
        repository.push(other, "data/x", expect=first)
    assert repository.head("data/x") is None


def test_pushing_the_same_commit_again_is_no_error(repository: Repository, first: str) -> None:
    sha = repository.commit(first, {"who": b"we"}, message="Ours")
    repository.push(sha, "main", expect=first)
    repository.push(sha, "main", expect=first)


def test_a_push_that_the_remote_refuses_says_what_the_remote_says(
    repository: Repository, first: str, remote: Path
) -> None:
    hook = remote / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RepositoryError, match="hook declined") as caught:
        repository.push(first, "data/x", expect=None)
    assert not isinstance(caught.value, RemoteMovedError)


def test_of_two_pushes_at_once_one_wins(
    repository: Repository, first: str, remote: Path, git: GitCommand, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(remote), "other")
    runners = [repository, GitRepository(tmp_path / "other")]
    start = threading.Barrier(len(runners))

    def push(runner: Repository, sha: str, branch: str) -> bool:
        start.wait()
        try:
            runner.push(sha, branch, expect=None)
        except RemoteMovedError:
            return False
        return True

    with ThreadPoolExecutor(len(runners)) as pool:
        for attempt in range(5):
            branch = f"race/{attempt}"
            shas = [each.commit(first, {"who": b"%d" % n}, message="Race") for n, each in enumerate(runners)]
            won = list(pool.map(push, runners, shas, [branch] * len(runners)))
            assert sorted(won) == [False, True]
            assert git(remote, "rev-parse", f"refs/heads/{branch}") == shas[won.index(True)]


def test_a_branch_is_deleted_only_where_it_was_expected(repository: Repository, first: str) -> None:
    repository.push(first, "data/x", expect=None)
    moved = repository.commit(first, {"x": b""}, message="Moved")
    repository.push(moved, "data/x", expect=first)
    assert not repository.delete_branch("data/x", expect=first)
    assert repository.delete_branch("data/x", expect=moved)
    assert repository.head("data/x") is None
    assert not repository.delete_branch("data/x", expect=moved)


def test_ancestry(repository: Repository, first: str) -> None:
    child = repository.commit(first, {"x": b""}, message="Child")
    assert repository.is_ancestor(first, child)
    assert not repository.is_ancestor(child, first)


def test_a_remote_that_cannot_be_reached_is_an_error(
    repository: Repository, first: str, remote: Path
) -> None:
    remote.rename(remote.with_name("moved-away.git"))
    with pytest.raises(RepositoryError):
        repository.fetch()
    with pytest.raises(RepositoryError) as caught:
        repository.push(first, "data/x", expect=None)
    assert not isinstance(caught.value, RemoteMovedError)
    with pytest.raises(RepositoryError):
        repository.delete_branch("main", expect=first)


def test_credentials_in_the_remotes_address_are_not_shown(
    repository: Repository, clone: Path, git: GitCommand, nobody_listens: str
) -> None:
    git(clone, "remote", "set-url", "origin", f"http://user:hunter2@{nobody_listens}/x.git")
    with pytest.raises(RepositoryError) as caught:
        repository.fetch()
    assert "hunter2" not in str(caught.value)


def test_a_shallow_clone_reads_and_commits_and_says_what_it_cannot_tell(
    repository: Repository, first: str, remote: Path, git: GitCommand, tmp_path: Path
) -> None:
    second = repository.commit(first, {"README.md": b"2"}, message="Second")
    repository.push(second, "main", expect=first)
    git(tmp_path, "clone", "--quiet", "--depth=1", remote.as_uri(), "shallow")
    shallow = GitRepository(tmp_path / "shallow")
    shallow.fetch()
    sha = shallow.commit(second, {"x": b"x"}, message="Third")
    shallow.push(sha, "data/x", expect=None)
    assert shallow.read_file("main", "README.md") == b"2"
    assert shallow.is_ancestor(second, sha)
    with pytest.raises(RepositoryError, match="shallow"):
        shallow.history("main", "README.md")
    with pytest.raises(RepositoryError, match="shallow"):
        shallow.is_ancestor(sha, second)
    with pytest.raises(RepositoryError) as caught:
        shallow.read_file(first, "README.md")
    assert "unshallow" in caught.value.remedy


def test_a_folder_that_is_a_repository_is_not_made_one_again(clone: Path, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError):
        init_repository(clone, tmp_path / "another.git", {}, message="First")


def test_a_new_workspace_has_its_files_and_a_clean_status(clone: Path, git: GitCommand) -> None:
    assert (clone / "data/deep/two.txt").read_bytes() == b"2\n"
    assert git(clone, "log", "--format=%s", "origin/main") == "First"
