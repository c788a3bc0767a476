"""`wms github fresh`: a repository made from the template starts without what it inherited."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import Result

from factories import make_metadata
from fakes.github import FakeGitHub
from fakes.github.records import Pull
from repository_setup.conftest import REPOSITORY, wms
from wms.core.records.promotion import NO_MODEL_JSON
from wms.core.settings import load_wanted

MODEL = make_metadata(3)


def fresh(*words: str) -> Result:
    return wms("github", "fresh", "--repo", REPOSITORY, *words)


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def inherited(github: FakeGitHub, remote: Path) -> FakeGitHub:
    """Main names data and a model of the repository that this one was made from."""
    clone = Path.cwd()
    git(clone, "remote", "set-url", "origin", str(remote))
    for path, data in {
        "model-metadata.json": MODEL.to_json(),
        "WMS/data/manifest.jsonl": b"{}\n",
        "WMS/data/training.dvc": b"outs: []\n",
        "dvc.lock": b"schema: '2.0'\n",
    }.items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_bytes(data)
    git(clone, "add", "--all")
    git(clone, "-c", "user.name=A", "-c", "user.email=a@b.invalid", "commit", "-qm", "As the template was")
    git(clone, "push", "-q", "origin", "HEAD:main")
    return github


def main_files(remote: Path) -> set[str]:
    return set(git(remote, "ls-tree", "-r", "--name-only", "main").splitlines())


def test_what_was_inherited_goes_by_a_pull_request(inherited: FakeGitHub, remote: Path) -> None:
    assert "would be removed" in fresh("--dry-run").stdout
    assert inherited.pulls == {}
    done = fresh("--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["files"] == [
        "WMS/data/manifest.jsonl", "WMS/data/training.dvc", "dvc.lock", "model-metadata.json",
    ]  # fmt: skip
    assert git(remote, "show", "main:model-metadata.json").encode() == NO_MODEL_JSON.strip()
    assert not {"WMS/data/manifest.jsonl", "WMS/data/training.dvc", "dvc.lock"} & main_files(remote)
    assert [pull.state for pull in inherited.pulls.values()] == ["merged"]
    assert list(inherited.git.branches()) == ["main"]
    assert "nothing to remove" in fresh().stdout


def test_the_project_s_own_rules_do_not_stop_an_administrator(inherited: FakeGitHub) -> None:
    [ruleset] = load_wanted(Path.cwd()).rulesets
    inherited.rulesets[1] = {"id": 1, **ruleset}
    assert fresh().exit_code == 0


def test_a_model_that_was_promoted_here_stays(inherited: FakeGitHub, remote: Path) -> None:
    before = inherited.git.tip("main")
    assert before is not None
    inherited.pulls[1] = Pull(
        number=1,
        head=f"promote/{MODEL.run_id}",
        head_sha=before,
        head_repository=REPOSITORY,
        base="main",
        title="",
        body="",
        author=inherited.callers[inherited.actions_token],
        state="merged",
        closed_at="2026-11-29T08:00:00Z",
    )
    done = fresh()
    assert done.exit_code == 68
    assert "model v3 was promoted in this repository" in done.output
    assert inherited.git.tip("main") == before


def test_a_repository_with_a_state_of_its_own_keeps_it(inherited: FakeGitHub, remote: Path) -> None:
    git(remote, "update-ref", "refs/wms/state", "main")
    done = fresh()
    assert done.exit_code == 68
    assert "refs/wms/state" in done.output
