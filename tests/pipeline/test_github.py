"""Promotions and rollbacks through GitHub's API, on the stand-in, with and without protection of main."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fakes.github import FakeGitHub
from forges import REPOSITORY, forge_on
from pipeline.conftest import make_small_workspace, open_small_workspace
from pipeline.small import write_small_pairs
from wms.core.context import Context
from wms.core.errors import ForgeError, InputError
from wms.core.files import read_record
from wms.core.production import main_head, require_production
from wms.core.records.promotion import METADATA_PATH, Promotion
from wms.core.records.run import RunOptions
from wms.promotion.merge import merge_promotion
from wms.promotion.rollback import roll_back
from wms.run.journal import noting
from wms.run.runner import run_pipeline

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
def github(tmp_path: Path, written_training: object) -> Iterator[FakeGitHub]:
    make_small_workspace(tmp_path / "work")
    remote = tmp_path / "work/.wms/remote.git"
    with FakeGitHub(git=remote, repository=REPOSITORY, workflows={"deploy-model.yml"}) as github:
        yield github


@pytest.fixture
def ctx(tmp_path: Path, github: FakeGitHub) -> Context:
    opened = open_small_workspace(tmp_path / "work")
    return replace(opened, ports=replace(opened.ports, forge=forge_on(github)))


def promote(ctx: Context, tmp_path: Path, *, seed: int, skill: int) -> None:
    pairs = write_small_pairs(tmp_path / f"pairs-{seed}", count=24, seed=seed)
    run_pipeline(ctx, incoming=pairs, options=RunOptions(train_overrides={"seed": skill}))


def production(ctx: Context) -> int:
    ctx.ports.repository.fetch()
    repository = ctx.ports.repository
    return require_production(repository, main_head(repository)).version


def published(ctx: Context) -> str:
    return read_record(ctx.layout.record("promotion"), Promotion).commit_sha


def deployed(github: FakeGitHub) -> list[str]:
    return [each.inputs["version"] for each in github.dispatches]


def test_a_run_is_merged_and_its_deployment_started(ctx: Context, github: FakeGitHub, tmp_path: Path) -> None:
    promote(ctx, tmp_path, seed=1, skill=100)
    assert production(ctx) == 1
    assert github.pulls[1].state == "merged"
    assert deployed(github) == ["1"]
    assert set(github.combined(github.pulls[1].head_sha)) == {"wms/data", "wms/quality-gate"}
    assert list(github.git.branches()) == ["main"]


def test_under_protection_a_run_waits_for_the_ci_and_is_merged_with_it(
    ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    github.rulesets[1] = REQUIRES_CI
    with pytest.raises(ForgeError):
        promote(ctx, tmp_path, seed=1, skill=100)
    assert github.pulls[1].state == "open", "what can heal is not void"
    with noting(ctx, "wms merge"), pytest.raises(InputError):
        merge_promotion(ctx, ci_passed="0" * 40)
    assert "ci" not in github.combined(published(ctx))
    with noting(ctx, "wms merge"):
        merge_promotion(ctx, ci_passed=published(ctx))
    assert production(ctx) == 1
    assert github.combined(published(ctx))["ci"].state == "success"


def test_a_deployment_that_cannot_be_started_undoes_nothing(
    ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    github.workflows = set()
    promote(ctx, tmp_path, seed=1, skill=100)
    assert production(ctx) == 1
    merged = ctx.layout.record("merged").read_text()
    assert "no workflow deploy-model.yml on main" in merged
    assert "by hand with version 1" in merged


def test_a_rollback_is_merged_and_deployed(ctx: Context, github: FakeGitHub, tmp_path: Path) -> None:
    for seed, skill in ((1, 60), (2, 100)):
        promote(ctx, tmp_path, seed=seed, skill=skill)
    done = roll_back(ctx, version=None, reason="worse on new meters")
    assert done.merged is not None
    assert production(ctx) == 1
    assert deployed(github) == ["1", "2", "1"]
    assert list(github.git.branches()) == ["main"]


def test_under_protection_a_rollback_is_proposed_tested_and_merged_as_it_was_tested(
    ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    for seed, skill in ((1, 60), (2, 100)):
        promote(ctx, tmp_path, seed=seed, skill=skill)
    github.rulesets[1] = REQUIRES_CI
    with pytest.raises(ForgeError):
        roll_back(ctx, version=1, reason="worse")
    first = roll_back(ctx, version=1, reason="worse", propose=True).proposed
    again = roll_back(ctx, version=1, reason="said otherwise", propose=True).proposed
    assert first is not None
    assert first == again, "the commit that the CI runs on stays the same"
    assert production(ctx) == 2
    with pytest.raises(InputError):
        roll_back(ctx, version=1, reason="worse", ci_passed="0" * 40)
    done = roll_back(ctx, version=1, reason="worse", ci_passed=first.commit_sha)
    assert done.merged is not None
    assert done.merged.commit_sha == first.commit_sha
    assert production(ctx) == 1
    assert github.combined(first.commit_sha)["ci"].state == "success"


@pytest.mark.parametrize("what", ["main moved", "something else was pushed"])
def test_a_proposal_that_is_no_longer_just_the_rollback_of_main_is_not_merged(
    what: str, ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    for seed, skill in ((1, 60), (2, 100)):
        promote(ctx, tmp_path, seed=seed, skill=skill)
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
    assert production(ctx) == 1
    merged = github.git.run("show", "--format=", "--name-only", "main^2")[1]
    assert merged == METADATA_PATH


def test_a_rollback_killed_after_its_merge_is_deployed_when_it_is_typed_again(
    ctx: Context, github: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed, skill in ((1, 60), (2, 100)):
        promote(ctx, tmp_path, seed=seed, skill=skill)
    with monkeypatch.context() as patched:
        patched.setattr(type(ctx.ports.forge), "dispatch", _killed)
        with pytest.raises(KeyboardInterrupt):
            roll_back(ctx, version=None, reason="worse")
    assert deployed(github) == ["1", "2"]
    assert roll_back(ctx, version=None, reason="worse").already
    assert deployed(github) == ["1", "2", "1"]
    roll_back(ctx, version=None, reason="worse")
    assert deployed(github) == ["1", "2", "1"]


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
