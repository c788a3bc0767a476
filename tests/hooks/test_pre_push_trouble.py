"""The hook in trouble: killed half-way, repeated, refused, without a remote."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from clones import Project, add_pairs


def remote_hook(project: Project, name: str, script: str) -> None:
    hook = project.remote / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


def push_and_kill_when(project: Project, reached: Path) -> None:
    """Start a push and kill it, hook and all, once a file is there."""
    push = subprocess.Popen(
        ["git", "push", "origin", "main"], cwd=project.root, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not reached.exists():
        assert time.monotonic() < deadline, "the push did not come so far"
        time.sleep(0.05)
    os.killpg(push.pid, signal.SIGKILL)
    push.wait()


@pytest.mark.parametrize(
    ("moment", "branches_then"), [("pre-receive", 0), ("post-receive", 1)], ids=["before", "after"]
)
def test_a_killed_push_is_simply_repeated(
    project: Project, tmp_path: Path, moment: str, branches_then: int
) -> None:
    reached = tmp_path / "reached"
    add_pairs(project, "m1")
    mine = project.commit()
    remote_hook(project, moment, f"touch '{reached}'; sleep 60")
    push_and_kill_when(project, reached)
    assert len(project.data_branches()) == branches_then
    assert project.git("rev-parse", "HEAD") == mine
    (project.remote / "hooks" / moment).unlink()
    done = project.push("origin", "main")
    [branch] = project.data_branches()
    assert ("pushed already" in done.stderr) == bool(branches_then)
    assert branch in done.stderr


def test_the_same_pictures_in_other_commits_find_the_same_branch(project: Project) -> None:
    add_pairs(project, "m1")
    project.commit()
    project.push("origin", "main")
    first = project.branches()
    late = ("-c", "user.name=Later", "commit", "--quiet", "--amend", "--date=now", "--message", "squashed")
    time.sleep(1.1)  # Git's times are whole seconds
    project.git(*late)
    project.push("origin", "main")
    assert project.branches() == first


def test_a_folder_that_was_pushed_before_is_found_by_its_content(project: Project) -> None:
    add_pairs(project, "m1")
    assert project.wms("data", "push").returncode == 0
    [branch] = project.data_branches()
    project.commit()
    done = project.push("origin", "main")
    assert f"pushed already, as {branch}" in done.stderr


def test_a_remote_that_refuses_the_data_branch_gets_nothing(project: Project) -> None:
    before = project.branches()
    remote_hook(project, "pre-receive", "echo 'no room'; exit 1")
    add_pairs(project, "m1")
    mine = project.commit()
    done = project.push("origin", "main")
    assert done.returncode != 0
    assert "pre-receive hook declined" in done.stderr
    assert "nothing was pushed" in done.stderr
    assert project.branches() == before
    assert project.git("rev-parse", "HEAD") == mine


def test_a_remote_that_is_away_loses_nothing(project: Project) -> None:
    add_pairs(project, "m1")
    mine = project.commit()
    project.remote.rename(project.remote.with_name("away.git"))
    assert project.push("origin", "main").returncode != 0
    project.remote.with_name("away.git").rename(project.remote)
    assert project.git("rev-parse", "HEAD") == mine
    assert project.push("origin", "main").returncode != 0
    assert len(project.data_branches()) == 1


def test_a_remote_named_by_its_address_alone_is_asked_to_be_named(project: Project) -> None:
    before = project.branches()
    add_pairs(project, "m1")
    project.commit()
    done = project.push(f"file://{project.remote}", "main")
    assert done.returncode != 0
    assert "no Git remote named file://" in done.stderr
    assert project.branches() == before


def test_another_remote_gets_the_data_branch_of_a_push_to_it(project: Project, tmp_path: Path) -> None:
    fork = tmp_path / "fork.git"
    project.git("clone", "--quiet", "--bare", str(project.remote), str(fork))
    project.git("remote", "add", "fork", str(fork))
    add_pairs(project, "m1")
    project.commit()
    assert project.push("fork", "main").returncode != 0
    assert project.data_branches() == []
    assert "data/" in project.git("--git-dir", str(fork), "branch", "--list", "data/*")


def test_the_first_push_to_an_empty_remote_looks_at_the_whole_history(
    project: Project, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.git"
    project.git("init", "--quiet", "--bare", str(empty))
    project.git("remote", "add", "empty", str(empty))
    assert project.push("empty", "main").returncode == 0
    project.git("--git-dir", str(empty), "update-ref", "-d", "refs/heads/main")
    project.git("update-ref", "-d", "refs/remotes/empty/main")
    add_pairs(project, "m1")
    project.commit()
    done = project.push("empty", "main")
    assert done.returncode != 0
    assert "the remote has no branch main" in done.stderr
