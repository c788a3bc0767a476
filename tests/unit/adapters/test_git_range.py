"""What local commits change, merges and first commits included."""

from __future__ import annotations

import pytest

from clones import Project
from wms.adapters.git.range import read_commits
from wms.core.records.commits import LocalCommits


def written(commits: LocalCommits) -> list[tuple[str, ...]]:
    return [commit.written for commit in commits.commits]


def test_names_with_spaces_colons_and_line_breaks_are_whole(project: Project) -> None:
    project.commit(**{"a ż.txt": b"1", ":b": b"2", "c\nd": b"3"})
    assert written(read_commits(project.root, "origin/main..main")) == [(":b", "a ż.txt", "c\nd")]


def test_a_rename_is_a_removal_and_a_new_file(project: Project) -> None:
    project.git("mv", "code.py", "moved.py")
    project.commit()
    [commit] = read_commits(project.root, "origin/main..main").commits
    assert (commit.written, commit.removed) == (("moved.py",), ("code.py",))


def test_the_history_from_its_first_commit_is_read_without_a_base(project: Project) -> None:
    commits = read_commits(project.root, "main")
    assert commits.base is None
    assert "code.py" in written(commits)[-1]


def test_a_file_that_a_merge_alone_brings_is_seen(project: Project) -> None:
    project.git("switch", "--quiet", "--create", "topic")
    project.commit(**{"topic.py": b"1"})
    project.git("switch", "--quiet", "main")
    project.commit(**{"code.py": b"2"})
    project.git("merge", "--quiet", "--no-ff", "--no-commit", "topic")
    project.commit(**{"sneaked.jpg": b"3"})
    assert written(read_commits(project.root, "origin/main..main"))[0] == ("sneaked.jpg",)


def test_the_base_is_where_both_sides_part(project: Project) -> None:
    parting = project.git("rev-parse", "main")
    project.commit(**{"code.py": b"theirs"})
    project.push("origin", "main")
    project.git("reset", "--quiet", "--hard", parting)
    project.commit(**{"code.py": b"ours"})
    assert read_commits(project.root, "origin/main..main").base == parting


@pytest.mark.parametrize(
    ("tip", "branch", "checked_out"),
    [
        ("main", "main", True),
        ("refs/heads/main", "main", True),
        ("HEAD", "main", True),
        ("other", "other", False),
    ],
)
def test_the_branch_is_known_by_any_name(project: Project, tip: str, branch: str, checked_out: bool) -> None:
    project.git("branch", "other")
    commits = read_commits(project.root, f"origin/main..{tip}")
    assert (commits.branch, commits.checked_out) == (branch, checked_out)


def test_a_commit_named_by_its_sha_is_on_no_branch(project: Project) -> None:
    project.git("switch", "--quiet", "--detach")
    for tip in (project.git("rev-parse", "main"), "HEAD"):
        assert read_commits(project.root, f"origin/main..{tip}").branch is None
