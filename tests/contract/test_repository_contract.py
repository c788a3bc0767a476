"""What every `Repository` does with branches, history and a real bare remote."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wms.adapters.git.repository import GitRepository
from wms.adapters.git.workspace import init_repository
from wms.core.errors import RemoteMovedError, RepositoryError
from wms.core.ports import Repository

GitCommand = Callable[..., str]


def test_a_branch_that_does_not_exist_has_no_head(repository: Repository) -> None:
    assert repository.head("nowhere") is None


def test_a_pushed_commit_is_the_head_of_its_branch(repository: Repository, first: str) -> None:
    sha = repository.commit(first, {"new.txt": b"new"}, message="Second")
    repository.push(sha, "data/new", expect=None)
    assert repository.head("data/new") == sha
    repository.fetch()
    assert repository.head("data/new") == sha


def test_a_look_at_the_remote_finds_its_tip_and_changes_no_ref(
    repository: Repository, first: str, clone: Path, remote: Path, git: GitCommand, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(remote), "elsewhere")
    elsewhere = GitRepository(tmp_path / "elsewhere")
    second = elsewhere.commit(first, {"new.txt": b"new"}, message="Second")
    elsewhere.push(second, "main", expect=first)
    before = git(clone, "for-each-ref")
    assert repository.look("main") == second
    assert repository.read_file(second, "new.txt") == b"new"
    assert git(clone, "for-each-ref") == before
    assert repository.head("main") == first
    assert repository.look("nowhere") is None


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


def test_a_commits_parents_are_told_in_their_order(
    repository: Repository, first: str, clone: Path, git: GitCommand
) -> None:
    side = repository.commit(first, {"side": b"1"}, message="Side")
    merge = git(clone, "commit-tree", f"{side}^{{tree}}", "-p", first, "-p", side, "-m", "Merge")
    assert repository.parents(first) == ()
    assert repository.parents(side) == (first,)
    assert repository.parents(merge) == (first, side)


def test_changed_paths_are_those_that_two_revisions_differ_in(repository: Repository, first: str) -> None:
    assert repository.changed_paths(first, first) == ()
    later = repository.commit(
        first,
        {"README.md": b"other\n", "data/one.txt": None, "data/uno.txt": b"1\r\n", "zażółć": b""},
        message="x",
    )
    changed = ("README.md", "data/one.txt", "data/uno.txt", "zażółć")
    assert repository.changed_paths(first, later) == changed
    repository.push(later, "other", expect=None)
    assert repository.changed_paths("main", "other") == changed
    with pytest.raises(RepositoryError):
        repository.changed_paths(first, "0" * 40)


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
