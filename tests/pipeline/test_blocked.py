"""What branches are told when data are refused: each its own findings, and no others."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.conftest import pushed
from pipeline.small import skilled, write_small_pairs
from wms.cli.app import root
from wms.core.context import Context
from wms.core.errors import BadDataError, Code, InputError
from wms.core.ports import Check
from wms.core.records.run import RunOptions
from wms.data.merge import merge_branches
from wms.data.push import push_folder
from wms.data.status import data_status
from wms.data.validate import require_good, validate_incoming
from wms.gate.verdict import decide_promotion
from wms.run.runner import run_pipeline
from wms.run.start import branch_heads, start_run


def broken_pairs(folder: Path, *, seed: int, count: int = 3) -> Path:
    write_small_pairs(folder, count=count, seed=seed)
    (folder / f"masks/meter-{seed}-000.png").unlink()
    return folder


def data_check(ctx: Context, branch: str) -> Check:
    (check,) = ctx.ports.forge.statuses(ctx.ports.repository.head(branch))
    return check


def run_on_one(ctx: Context, tmp_path: Path) -> str:
    """Start a run on a broken push; the name of its branch."""
    branch = push_folder(broken_pairs(tmp_path / "broken", seed=2), repository=ctx.ports.repository)
    start_run(ctx, branch_heads(ctx, [branch]), RunOptions())
    merge_branches(ctx)
    return branch


def test_a_clean_branch_is_not_blocked_by_anothers_findings(ctx: Context, tmp_path: Path) -> None:
    repository = ctx.ports.repository
    clean = pushed(ctx, tmp_path / "clean", count=3, seed=1)
    broken = push_folder(broken_pairs(tmp_path / "broken", seed=2), repository=repository)
    with pytest.raises(BadDataError):
        run_pipeline(ctx, branches=[clean, broken], options=RunOptions())
    assert data_check(ctx, broken).state == "failure"
    assert "1 finding (missing-mask)" in data_check(ctx, broken).description
    assert data_check(ctx, clean).state == "pending"
    (said,) = ctx.ports.forge.comments(repository.head(clean))
    assert f"`{broken}`" in said
    branches = data_status(repository=repository, forge=ctx.ports.forge).branches
    assert {branch.name: branch.state for branch in branches} == {clean: "waiting", broken: "blocked"}


def test_findings_are_told_to_the_branch_that_has_them(ctx: Context, tmp_path: Path) -> None:
    repository = ctx.ports.repository
    names = [
        push_folder(broken_pairs(tmp_path / name, seed=seed), repository=repository)
        for name, seed in (("one", 1), ("two", 2))
    ]
    with pytest.raises(BadDataError):
        run_pipeline(ctx, branches=names, options=RunOptions())
    for name, own, other in zip(
        names, ("meter-1-000", "meter-2-000"), ("meter-2-000", "meter-1-000"), strict=True
    ):
        (said,) = ctx.ports.forge.comments(repository.head(name))
        assert own in said
        assert other not in said


def test_a_finding_that_spans_two_branches_is_told_to_both(ctx: Context, tmp_path: Path) -> None:
    one = write_small_pairs(tmp_path / "one", count=2, seed=1)
    two = write_small_pairs(tmp_path / "two", count=2, seed=2)
    shutil.copy(one / "images/meter-1-000.png", two / "images/meter-2-000.png")
    names = [push_folder(folder, repository=ctx.ports.repository) for folder in (one, two)]
    with pytest.raises(BadDataError):
        run_pipeline(ctx, branches=names, options=RunOptions())
    assert ["two-masks" in data_check(ctx, name).description for name in names] == [True, True]


def test_a_conflict_is_told_to_the_branches_that_conflict(ctx: Context, tmp_path: Path) -> None:
    one = write_small_pairs(tmp_path / "one", count=2, seed=1)
    two = write_small_pairs(tmp_path / "two", count=2, seed=2)
    for part in ("images", "masks"):
        (two / part / "meter-2-000.png").rename(two / part / "meter-1-000.png")
    three = write_small_pairs(tmp_path / "three", count=2, seed=3)
    names = [push_folder(folder, repository=ctx.ports.repository) for folder in (one, two, three)]
    with pytest.raises(InputError):
        run_pipeline(ctx, branches=names, options=RunOptions())
    assert [data_check(ctx, name).state for name in names] == ["failure", "failure", "pending"]


def test_the_command_says_the_same_on_the_branch_as_the_pipeline(typed_in: Context, tmp_path: Path) -> None:
    branch = run_on_one(typed_in, tmp_path)
    result = CliRunner().invoke(root, ["data", "validate"])
    assert result.exit_code == Code.BAD_DATA.exit_code
    assert "missing-mask" in result.stdout
    assert data_check(typed_in, branch).state == "failure"


def test_the_command_on_a_folder_posts_and_writes_nothing(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = broken_pairs(tmp_path / "broken", seed=2)
    branch = push_folder(folder, repository=ctx.ports.repository)
    monkeypatch.chdir(ctx.layout.root)
    assert CliRunner().invoke(root, ["data", "validate", str(folder)]).exit_code == Code.BAD_DATA.exit_code
    assert ctx.ports.forge.statuses(ctx.ports.repository.head(branch)) == ()
    assert not ctx.layout.run.exists()


def test_what_was_said_is_not_said_twice(ctx: Context, tmp_path: Path) -> None:
    branch = run_on_one(ctx, tmp_path)
    for _ in range(2):
        with pytest.raises(BadDataError):
            require_good(validate_incoming(ctx))
    assert len(ctx.ports.forge.comments(ctx.ports.repository.head(branch))) == 1


def test_a_branch_tells_of_its_last_run(ctx: Context, tmp_path: Path) -> None:
    repository, forge = ctx.ports.repository, ctx.ports.forge
    branch = push_folder(broken_pairs(tmp_path / "broken", seed=2, count=24), repository=repository)
    held = skilled(0, quarantine=True)

    def state() -> str:
        (found,) = data_status(repository=repository, forge=forge).branches
        return found.state

    for options, expected in ((RunOptions(), "blocked"), (held, "held"), (RunOptions(), "blocked")):
        with contextlib.suppress(BadDataError):
            run_pipeline(ctx, branches=[branch], options=options)
        assert state() == expected


def test_a_hold_that_is_decided_again_is_told_once(ctx: Context, tmp_path: Path) -> None:
    branch = pushed(ctx, tmp_path / "one", seed=1)
    run_pipeline(ctx, branches=[branch], options=skilled(0))
    decide_promotion(ctx)
    assert len(ctx.ports.forge.comments(ctx.ports.repository.head(branch))) == 1


def test_a_run_whose_data_were_refused_is_not_called_given_up(
    ctx: Context, tmp_path: Path, said: list[str]
) -> None:
    for name, seed in (("one", 1), ("two", 2)):
        with pytest.raises(BadDataError):
            run_pipeline(ctx, incoming=broken_pairs(tmp_path / name, seed=seed), options=RunOptions())
    assert not [line for line in said if "abandoned" in line]
