"""Opening a workspace: from within Git's own hooks, and after its remote went away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wms.adapters.github.forge import GitHubForge
from wms.core.errors import ForgeError, InputError, RepositoryError
from wms.core.progress import Silent
from wms.wiring import REMOTE, make_workspace, open_workspace
from wms.wiring.hosting import run_url


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    make_workspace(tmp_path / "work", {})
    return tmp_path / "work"


def test_a_hook_of_another_repository_sees_the_workspace_that_it_goes_to(work: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", str(other))
    said = tmp_path / "said"
    hook = other / ".git/hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ncd '{work}' && '{sys.executable}' -m wms data status > '{said}' 2>&1\n")
    hook.chmod(0o755)
    git(other, "commit", "-q", "--allow-empty", "-m", "calls the hook")
    main = git(work, "rev-parse", "origin/main")
    assert f"main {main[:12]}: 0 samples" in said.read_text()


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_inherited_variables_of_git_lead_nowhere_else(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    expected = open_workspace(work, Silent())
    monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    found = open_workspace(work, Silent())
    assert found.code_sha == expected.code_sha
    assert found.ports.repository.head("main") == expected.ports.repository.head("main")


def test_a_new_workspace_names_its_remote_by_a_path_that_moves_with_it(work: Path, tmp_path: Path) -> None:
    assert git(work, "remote", "get-url", "origin") == f"./{REMOTE}"
    work.rename(tmp_path / "moved")
    git(tmp_path / "moved/WMS/configs", "fetch", "-q", "origin")
    open_workspace(tmp_path / "moved", Silent()).ports.repository.fetch()


def test_a_remote_that_is_named_absolutely_and_was_moved_is_an_error_with_the_way_out(
    work: Path, tmp_path: Path
) -> None:
    git(work, "remote", "set-url", "origin", str(work / REMOTE))
    work.rename(tmp_path / "moved")
    with pytest.raises(InputError, match="as after a move") as caught:
        open_workspace(tmp_path / "moved", Silent())
    command = caught.value.remedy.split("`")[1]
    subprocess.run(command.split(), cwd=tmp_path / "moved", check=True)
    open_workspace(tmp_path / "moved", Silent()).ports.repository.fetch()


def test_a_workspace_without_a_remote_is_an_error(work: Path) -> None:
    git(work, "remote", "remove", "origin")
    with pytest.raises(InputError, match="no Git remote named origin"):
        open_workspace(work, Silent())


def test_a_repository_that_git_cannot_open_is_not_taken_for_one_without_a_remote(work: Path) -> None:
    (work / ".git/HEAD").unlink()
    with pytest.raises(RepositoryError, match="not a git repository"):
        open_workspace(work, Silent())


@pytest.mark.parametrize("url", ["https://github.com/octo/meters.git", "git@github.com:octo/meters.git"])
def test_a_clone_of_a_hosted_repository_opens_and_says_what_its_forge_needs(work: Path, url: str) -> None:
    git(work, "remote", "set-url", "origin", url)
    ports = open_workspace(work, Silent()).ports
    assert ports.compute.state() == "absent"
    with pytest.raises(ForgeError, match="without a token") as caught:
        ports.forge.statuses("0" * 40)
    assert "GITHUB_TOKEN" in caught.value.remedy


def test_with_a_token_the_forge_is_github(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo/meters")
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_x")
    assert isinstance(open_workspace(work, Silent()).ports.forge, GitHubForge)


RUNNER = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "owner/name",
    "GITHUB_RUN_ID": "1658821493",
}


def test_a_workflow_run_has_a_page() -> None:
    assert run_url(RUNNER) == "https://github.com/owner/name/actions/runs/1658821493"


@pytest.mark.parametrize("missing", RUNNER)
def test_outside_of_a_workflow_there_is_no_page(missing: str) -> None:
    assert run_url({name: value for name, value in RUNNER.items() if name != missing}) == ""
