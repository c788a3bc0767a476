"""A push to main that carries pictures becomes a data branch; every other push is as it was."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterable

import pytest

from clones import INCOMING, Project, add_pairs

ON_A_TOPIC = ("switch --create topic", "commit --message meter")
REMOVED = (f"rm -r {INCOMING}", "commit --message gone")
MERGED = ("switch main", "commit --allow-empty --message more", "merge --no-edit topic")


def run_git(project: Project, commands: Iterable[str]) -> None:
    for command in commands:
        project.git(*command.split())


def commands_in(said: str) -> list[list[str]]:
    """The commands that a message advises, which are indented by two."""
    return [shlex.split(line) for line in said.splitlines() if re.match(r"  git ", line)]


def test_pictures_on_main_become_a_data_branch_and_main_stays(project: Project) -> None:
    before = project.branches()["main"]
    add_pairs(project, "żółty licznik", "m 2")
    mine = project.commit("Two meters")
    done = project.push("origin", "main")
    assert done.returncode != 0
    assert project.branches()["main"] == before
    [branch] = project.data_branches()
    assert project.files(branch) == [
        "images/m 2.jpg", "images/żółty licznik.jpg", "masks/m 2.png", "masks/żółty licznik.png",
    ]  # fmt: skip
    assert f"4 files are pushed as {branch}" in done.stderr
    assert project.git("rev-parse", "HEAD") == mine
    assert project.git("status", "--porcelain") == ""


def test_the_data_branch_starts_from_main_and_brings_no_code(project: Project) -> None:
    add_pairs(project, "m1")
    project.commit("A meter and code", **{"code.py": b"second\n"})
    project.push("origin", "main")
    [branch] = project.data_branches()
    project.git("fetch", "--quiet")
    changed = project.git("diff", "--name-only", f"origin/main...origin/{branch}").splitlines()
    assert changed == [f"{INCOMING}/images/m1.jpg", f"{INCOMING}/masks/m1.png"]


def test_the_advised_commands_leave_the_code_to_be_pushed_and_the_pictures_on_disk(project: Project) -> None:
    add_pairs(project, "m1")
    add_pairs(project, "m2", under="photos", first_seed=7)
    project.commit("Meters and code", **{"code.py": b"second\n"})
    advised = commands_in(project.push("origin", "main").stderr)
    for command in advised:
        project.run(*command)
    assert advised[-1] == ["git", "push", "origin", "main:main"]
    assert project.git("--git-dir", str(project.remote), "show", "main:code.py") == "second"
    history = project.git("--git-dir", str(project.remote), "log", "--name-only", "--format=", "main")
    assert "m1" not in history
    assert "m2" not in history
    assert (project.root / INCOMING / "images/m1.jpg").is_file()
    assert (project.root / "photos/masks/m2.png").is_file()


def test_commands_for_pictures_alone_end_with_a_clean_main(project: Project) -> None:
    add_pairs(project, "m1")
    project.commit()
    for command in commands_in(project.push("origin", "main").stderr):
        project.run(*command)
    assert project.git("rev-parse", "HEAD") == project.branches()["main"]
    assert project.git("status", "--porcelain", "--untracked-files=normal") == "?? WMS/data/"


def test_code_passes_fast_and_without_python(project: Project) -> None:
    (project.root / ".venv/bin/wms").unlink()
    sha = project.commit(**{"code.py": b"second\n"})
    started = time.monotonic()
    hook = project.root / "devops/hooks/pre-push"
    line = f"refs/heads/main {sha} refs/heads/main {project.branches()['main']}"
    project.run("sh", "-c", f"echo {line} | {shlex.quote(str(hook))} origin url")
    assert time.monotonic() - started < 0.5
    assert project.push("origin", "main").returncode == 0
    assert project.branches()["main"] == sha


def test_a_screenshot_in_the_documents_is_no_photograph(project: Project) -> None:
    sha = project.commit(**{"docs/screen.PNG": b"picture"})
    done = project.push("origin", "main")
    assert done.returncode == 0, done.stderr
    assert project.branches()["main"] == sha


def test_a_picture_of_which_nobody_knows_what_it_is_stops_the_push(project: Project) -> None:
    before = project.branches()
    project.commit(**{"holiday.JPG": b"picture"})
    done = project.push("origin", "main")
    assert done.returncode != 0
    assert "holiday.JPG" in done.stderr
    assert "Move photographs to WMS/data/incoming/images" in done.stderr
    assert project.branches() == before


def test_without_the_tools_pictures_are_not_pushed_unchecked(project: Project) -> None:
    before = project.branches()
    (project.root / ".venv/bin/wms").unlink()
    add_pairs(project, "m1")
    project.commit()
    done = project.push("origin", "main")
    assert done.returncode != 0
    assert 'run "make setup"' in done.stderr
    assert project.branches() == before


def test_pictures_pass_to_another_branch_and_still_do_not_reach_main(project: Project) -> None:
    before = project.branches()["main"]
    add_pairs(project, "m1")
    sha = project.commit()
    assert project.push("origin", "main:data/by-hand").returncode == 0
    assert project.branches()["data/by-hand"] == sha
    assert project.push("origin", "main").returncode != 0
    assert project.branches()["main"] == before


def test_tags_and_deletions_pass(project: Project) -> None:
    add_pairs(project, "m1")
    project.commit()
    project.git("tag", "v1")
    assert project.push("origin", "v1").returncode == 0
    project.git("--git-dir", str(project.remote), "symbolic-ref", "HEAD", "refs/heads/other")
    assert project.push("origin", ":main").returncode == 0
    assert "main" not in project.branches()


def test_one_of_several_refs_stops_all_and_that_is_said(project: Project) -> None:
    project.git("branch", "topic")
    add_pairs(project, "m1")
    project.commit()
    done = project.push("origin", "main", "topic")
    assert done.returncode != 0
    assert "topic" not in project.branches()
    assert "the other branches and tags of this push were stopped" in done.stderr


def test_a_push_from_another_branch_advises_to_go_there(project: Project) -> None:
    project.git("switch", "--quiet", "--create", "photos")
    add_pairs(project, "m1")
    project.commit()
    project.git("switch", "--quiet", "main")
    done = project.push("origin", "photos:main")
    assert commands_in(done.stderr)[0] == ["git", "switch", "photos"]


def test_no_verify_is_git_s_own_way_around(project: Project) -> None:
    add_pairs(project, "m1")
    sha = project.commit()
    assert project.push("--no-verify", "origin", "main").returncode == 0
    assert project.branches() == {"main": sha}


def test_a_merge_of_main_is_no_news(project: Project) -> None:
    project.git("switch", "--quiet", "--create", "topic")
    project.commit(**{"topic.py": b"topic\n"})
    project.git("switch", "--quiet", "main")
    project.commit(**{"code.py": b"second\n"})
    project.git("merge", "--quiet", "--no-edit", "topic")
    done = project.push("origin", "main")
    assert done.returncode == 0, done.stderr
    assert "pictures" not in done.stderr


@pytest.mark.parametrize(
    ("commands", "pushed"),
    [
        pytest.param(["commit --amend --message rewritten"], "--force origin main", id="rewritten"),
        pytest.param(["commit --message meter"], "origin HEAD:main", id="HEAD"),
        pytest.param(["commit --message meter"], "origin HEAD~0:main", id="no branch"),
        pytest.param([*ON_A_TOPIC, *MERGED], "origin main", id="merged"),
    ],
)
def test_every_way_to_main_is_looked_at(project: Project, commands: list[str], pushed: str) -> None:
    before = project.branches()["main"]
    add_pairs(project, "m1")
    run_git(project, ["add --all", *commands])
    assert project.push(*pushed.split()).returncode != 0
    assert project.branches()["main"] == before
    assert len(project.data_branches()) == 1


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(["commit --message meter", *REMOVED], id="on main"),
        pytest.param([*ON_A_TOPIC, *REMOVED, *MERGED], id="on a merged branch"),
    ],
)
def test_pictures_that_a_later_commit_removed_are_still_in_the_history(
    project: Project, commands: list[str]
) -> None:
    before = project.branches()
    add_pairs(project, "m1")
    run_git(project, ["add --all", *commands])
    done = project.push("origin", "main")
    assert done.returncode != 0
    assert "in the history alone" in done.stderr
    assert project.branches() == before
