"""Promotions and rollbacks through GitHub's API, on the stand-in, with and without protection of main."""

from __future__ import annotations

from pathlib import Path

import pytest

from fakes.dying import Killed
from fakes.github import FakeGitHub
from pipeline.conftest import Open, on_github, production, promote
from wms.core.context import Context
from wms.core.errors import ForgeError, InputError
from wms.core.files import read_record
from wms.core.records.promotion import METADATA_PATH, Promotion
from wms.promotion.merge import merge_promotion
from wms.promotion.rollback import roll_back
from wms.run.journal import noting

REQUIRES_CI = {
    "id": 1,
    "name": "main",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "rules": [
        {
            "type": "required_status_checks",
            "parameters": {"required_status_checks": [{"context": "ci"}]},
        }
    ],
}


@pytest.fixture
def ctx(small_workspace: Open, github: FakeGitHub) -> Context:
    return on_github(small_workspace(), github)


def published(ctx: Context) -> str:
    return read_record(ctx.layout.record("promotion"), Promotion).commit_sha


def deployed(github: FakeGitHub) -> list[str]:
    return [each.inputs["version"] for each in github.dispatches]


def test_a_run_is_merged_and_its_deployment_started(ctx: Context, github: FakeGitHub, tmp_path: Path) -> None:
    promote(ctx, tmp_path, 100)
    assert production(ctx).version == 1
    assert github.pulls[1].state == "merged"
    assert deployed(github) == ["1"]
    assert set(github.combined(github.pulls[1].head_sha)) == {"wms/data", "wms/quality-gate"}
    assert list(github.git.branches()) == ["main"]


def test_under_protection_a_run_waits_for_the_ci_and_is_merged_with_it(
    ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    github.rulesets[1] = REQUIRES_CI
    with pytest.raises(ForgeError):
        promote(ctx, tmp_path, 100)
    assert github.pulls[1].state == "open", "what can heal is not void"
    with noting(ctx, "wms merge"), pytest.raises(InputError):
        merge_promotion(ctx, ci_passed="0" * 40)
    assert "ci" not in github.combined(published(ctx))
    with noting(ctx, "wms merge"):
        merge_promotion(ctx, ci_passed=published(ctx))
    assert production(ctx).version == 1
    assert github.combined(published(ctx))["ci"].state == "success"


def test_a_deployment_that_cannot_be_started_undoes_nothing(
    ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    github.workflows = set()
    promote(ctx, tmp_path, 100)
    assert production(ctx).version == 1
    merged = ctx.layout.record("merged").read_text()
    assert "no workflow deploy-model.yml on main" in merged
    assert "by hand with version 1" in merged


def test_a_rollback_is_merged_and_deployed(ctx: Context, github: FakeGitHub, tmp_path: Path) -> None:
    promote(ctx, tmp_path, 60, 100)
    done = roll_back(ctx, version=None, reason="worse on new meters")
    assert done.merged is not None
    assert production(ctx).version == 1
    assert deployed(github) == ["1", "2", "1"]
    assert list(github.git.branches()) == ["main"]


def test_under_protection_a_rollback_is_proposed_tested_and_merged_as_it_was_tested(
    ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    promote(ctx, tmp_path, 60, 100)
    github.rulesets[1] = REQUIRES_CI
    with pytest.raises(ForgeError):
        roll_back(ctx, version=1, reason="worse")
    first = roll_back(ctx, version=1, reason="worse", propose=True).proposed
    again = roll_back(ctx, version=1, reason="said otherwise", propose=True).proposed
    assert first is not None
    assert first == again, "the commit that the CI runs on stays the same"
    assert production(ctx).version == 2
    with pytest.raises(InputError):
        roll_back(ctx, version=1, reason="worse", ci_passed="0" * 40)
    done = roll_back(ctx, version=1, reason="worse", ci_passed=first.commit_sha)
    assert done.merged is not None
    assert done.merged.commit_sha == first.commit_sha
    assert production(ctx).version == 1
    assert github.combined(first.commit_sha)["ci"].state == "success"


@pytest.mark.parametrize("what", ["main moved", "something else was pushed"])
def test_a_proposal_that_is_no_longer_just_the_rollback_of_main_is_not_merged(
    what: str, ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    promote(ctx, tmp_path, 60, 100)
    proposed = roll_back(ctx, version=1, reason="worse", propose=True).proposed
    assert proposed is not None
    repository = ctx.ports.repository
    branch = "main" if what == "main moved" else proposed.branch
    tip = repository.head(branch)
    assert tip is not None
    smuggled = repository.commit(tip, {".github/workflows/x.yaml": b"on: push\n"}, message="x")
    repository.push(smuggled, branch, expect=tip)
    claimed = proposed.commit_sha if what == "main moved" else smuggled
    with pytest.raises(InputError):
        roll_back(ctx, version=1, reason="worse", ci_passed=claimed)
    roll_back(ctx, version=1, reason="worse")
    assert production(ctx).version == 1
    merged = github.git.run("show", "--format=", "--name-only", "main^2")[1]
    assert merged == METADATA_PATH


def test_a_rollback_killed_after_its_merge_is_deployed_when_it_is_typed_again(
    ctx: Context, github: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(ctx, tmp_path, 60, 100)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(type(ctx.ports.forge), "dispatch", die)
        roll_back(ctx, version=None, reason="worse")
    assert deployed(github) == ["1", "2"]
    assert roll_back(ctx, version=None, reason="worse").already
    assert deployed(github) == ["1", "2", "1"]
    roll_back(ctx, version=None, reason="worse")
    assert deployed(github) == ["1", "2", "1"]
