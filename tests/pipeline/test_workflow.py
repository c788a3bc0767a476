"""A run on the forge, job by job: how it starts, how it travels, and what becomes of one that died."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.dying import Killed
from pipeline.small import write_small_pairs
from wms.domain.errors import ConfigError, RecordError, RepositoryError
from wms.domain.promotion import METADATA_PATH
from wms.domain.run import RunAsked, RunOptions
from wms.files import write_record
from wms.pipeline.actions import ACTIONS
from wms.pipeline.context import Context
from wms.pipeline.graph import JOBS
from wms.pipeline.journal import noting
from wms.pipeline.runner import run_pipeline
from wms.pipeline.workflow import HELD, WORKFLOW_PATHS, Started, follow_up, inputs_of, start, take
from wms.report.records import RunRecords
from wms.steps.production import main_head, metadata_at
from wms.steps.push_data import push_folder

Open = Callable[[], Context]
GOOD = RunOptions(train_overrides={"seed": 100})
POOR = RunOptions(train_overrides={"seed": 40})


def begin(ctx: Context, *branches: str, options: RunOptions = GOOD, workflow_sha: str = "") -> Started:
    ctx.ports.repository.fetch()
    sha = workflow_sha or main_head(ctx.ports.repository)
    return start(ctx, RunAsked(branches=branches, options=options), workflow_sha=sha)


def pushed(ctx: Context, tmp_path: Path, name: str, *, seed: int, count: int = 24) -> str:
    folder = write_small_pairs(tmp_path / name, count=count, seed=seed)
    return push_folder(folder, repository=ctx.ports.repository)


def do(ctx: Context, *names: str) -> None:
    """Run jobs by name, as the workflow does."""
    for job in JOBS:
        for command in job.commands if job.name in names else ():
            with noting(ctx, command):
                ACTIONS[command](ctx)


def production(ctx: Context) -> int | None:
    ctx.ports.repository.fetch()
    metadata = metadata_at(ctx.ports.repository, main_head(ctx.ports.repository))
    return metadata.version if metadata else None


@pytest.fixture
def ctx(small_workspace: Open) -> Context:
    return small_workspace()


@pytest.fixture
def died(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The branch of a run that died after its pull request; its machine, and what was in `run/`, is gone."""

    def die(ctx: Context) -> None:
        raise Killed

    branch = pushed(ctx, tmp_path, "one", seed=1)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setitem(ACTIONS, "wms merge", die)
        run_pipeline(ctx, branches=[branch], options=GOOD)
    shutil.rmtree(ctx.layout.run)
    return branch


def test_a_push_starts_a_run_on_its_branch(ctx: Context, tmp_path: Path) -> None:
    branch = pushed(ctx, tmp_path, "one", seed=1)
    assert begin(ctx, branch).next == "data"
    assert ctx.request.asked == RunAsked(branches=(branch,), options=GOOD)


def test_a_branch_that_an_earlier_run_took_leaves_nothing_to_do(ctx: Context, tmp_path: Path) -> None:
    branch = pushed(ctx, tmp_path, "one", seed=1)
    run_pipeline(ctx, branches=[branch], options=GOOD)
    assert begin(ctx, branch).next == "nothing"


def test_held_means_all_branches_that_were_held(ctx: Context, tmp_path: Path) -> None:
    run_pipeline(ctx, branches=[pushed(ctx, tmp_path, "one", seed=1)], options=GOOD)
    held = sorted(pushed(ctx, tmp_path, name, seed=seed) for name, seed in (("two", 2), ("three", 3)))
    for branch in held:
        assert run_pipeline(ctx, branches=[branch], options=POOR).outcome == "held"
    waiting = pushed(ctx, tmp_path, "four", seed=4)
    begin(ctx, HELD)
    assert [branch.name for branch in ctx.request.branches] == held
    assert waiting not in held


def test_where_none_is_held_there_is_nothing_to_do(ctx: Context) -> None:
    assert begin(ctx, HELD).next == "nothing"


def test_a_branch_with_an_old_workflow_is_told_what_to_do(ctx: Context, tmp_path: Path) -> None:
    repository, path = ctx.ports.repository, WORKFLOW_PATHS[0]
    old = pushed(ctx, tmp_path, "one", seed=1)
    head = main_head(repository)
    repository.push(repository.commit(head, {path: b"new"}, message="A new workflow"), "main", expect=head)
    with pytest.raises(ConfigError, match="differs from main's"):
        begin(ctx, old, workflow_sha=repository.head(old) or "")


def test_a_run_goes_from_machine_to_machine(ctx: Context, tmp_path: Path) -> None:
    parcels = tmp_path / "parcels"
    begin(ctx, pushed(ctx, tmp_path, "one", seed=1))
    for names in (("data",), ("train",), ("gate",), ("publish",), ("merge",)):
        if parcels.is_dir():
            take(ctx, parcels)
        do(ctx, *names)
        for unsent in ("dataset", "base", "checkpoints", "tree"):
            shutil.rmtree(ctx.layout.run / unsent, ignore_errors=True)
        shutil.move(ctx.layout.run, parcels / f"run-{names[0]}-1")
    assert production(ctx) == 1


def test_of_several_copies_the_furthest_is_taken(ctx: Context, tmp_path: Path) -> None:
    begin(ctx, pushed(ctx, tmp_path, "one", seed=1))
    for name in ("data", "train", "gate"):
        do(ctx, name)
        shutil.copytree(ctx.layout.run, tmp_path / f"parcels/run-{name}-1")
    take(ctx, tmp_path / "parcels")
    assert ctx.run_state.done("gate")


def test_copies_of_two_runs_are_refused(ctx: Context, tmp_path: Path) -> None:
    for name in ("one", "two"):
        begin(ctx, pushed(ctx, tmp_path, name, seed=1 if name == "one" else 2))
        shutil.copytree(ctx.layout.run, tmp_path / "parcels" / name)
    with pytest.raises(RecordError, match="2 runs"):
        take(ctx, tmp_path / "parcels")


def test_a_run_that_died_is_merged_first_and_the_push_follows(
    ctx: Context, died: str, tmp_path: Path
) -> None:
    branch = pushed(ctx, tmp_path, "two", seed=2)
    started = begin(ctx, branch)
    assert started.next == "merge"
    pull = ctx.ports.forge.pull_requests(head_prefix="promote/", state="open")[0]
    assert started.commit == pull.head_sha
    do(ctx, "merge")
    assert production(ctx) == 1
    assert ctx.ports.repository.head(died) is None
    assert follow_up(ctx) == (RunAsked(branches=(branch,), options=GOOD),)
    (dispatched,) = [d for d in ctx.ports.forge.dispatches() if "pipeline" in d.workflow]  # type: ignore[attr-defined]
    assert dispatched.inputs["branches"] == branch


def test_what_is_merged_after_a_death_is_what_was_published(ctx: Context, died: str) -> None:
    before = ctx.ports.forge.pull_requests(head_prefix="promote/", state="open")[0]
    begin(ctx)
    promotion = RunRecords.load(ctx.layout.run).promotion
    assert promotion is not None
    assert (promotion.commit_sha, promotion.pull_request) == (before.head_sha, before.number)
    assert [branch.name for branch in promotion.data_branches] == [died]
    assert promotion.files.keys() >= {METADATA_PATH}


def test_what_an_earlier_run_had_to_leave_waiting_follows_too(
    ctx: Context, died: str, tmp_path: Path
) -> None:
    lost = pushed(ctx, tmp_path, "two", seed=2)
    asked = pushed(ctx, tmp_path, "three", seed=3)
    begin(ctx, asked)
    do(ctx, "merge")
    assert [run.branches for run in follow_up(ctx)] == [(asked,), (lost,)]


def test_only_data_branches_are_taken(ctx: Context) -> None:
    with pytest.raises(ConfigError, match="main: only branches"):
        begin(ctx, "main")


def test_a_push_whose_commit_is_gone_leaves_the_branch_to_the_newer_push(
    ctx: Context, tmp_path: Path
) -> None:
    branch = pushed(ctx, tmp_path, "one", seed=1)
    assert begin(ctx, branch, workflow_sha="0" * 40).next == "nothing"


def test_an_unknown_commit_of_a_retrainings_workflow_is_an_error(ctx: Context) -> None:
    with pytest.raises(RepositoryError):
        begin(ctx, workflow_sha="0" * 40)


def test_after_the_first_job_ran_again_its_newest_attempt_counts(ctx: Context, tmp_path: Path) -> None:
    for attempt, name in ((1, "one"), (2, "two")):
        begin(ctx, pushed(ctx, tmp_path, name, seed=attempt))
        shutil.copytree(ctx.layout.run, tmp_path / f"parcels/run-data-{attempt}")
    second = ctx.request.run_id
    assert take(ctx, tmp_path / "parcels").run_id == second


def test_while_the_pull_request_is_open_nothing_follows(ctx: Context, died: str) -> None:
    begin(ctx)
    assert follow_up(ctx) == ()


def test_a_run_that_died_and_came_too_late_is_closed_and_asked_for_again(
    ctx: Context, died: str, tmp_path: Path
) -> None:
    repository, head = ctx.ports.repository, main_head(ctx.ports.repository)
    changed = repository.commit(
        head,
        {"WMS/configs/gate.yaml": (repository.read_file(head, "WMS/configs/gate.yaml") or b"") + b"\n"},
        message="A stricter gate",
    )
    repository.push(changed, "main", expect=head)
    write_gate(ctx)
    branch = pushed(ctx, tmp_path, "two", seed=2)
    assert begin(ctx, branch).next == "data"
    assert ctx.ports.forge.pull_requests(head_prefix="promote/", state="open") == ()
    (dispatched,) = ctx.ports.forge.dispatches()  # type: ignore[attr-defined]
    assert dispatched.inputs["branches"] == died


def write_gate(ctx: Context) -> None:
    """Check main's settings out, as the workflow does."""
    path = "WMS/configs/gate.yaml"
    text = ctx.ports.repository.read_file(main_head(ctx.ports.repository), path)
    (ctx.layout.root / path).write_bytes(text or b"")


def test_a_run_under_which_main_moved_is_started_again(ctx: Context, tmp_path: Path) -> None:
    branch = pushed(ctx, tmp_path, "one", seed=1)
    begin(ctx, branch)
    do(ctx, "data", "train", "gate")
    write_record(
        ctx.layout.record("state"), ctx.run_state.model_copy(update={"outcome": "void", "stale": True})
    )
    assert follow_up(ctx) == (ctx.request.asked,)


def test_the_inputs_of_a_dispatch_ask_for_the_same() -> None:
    options = RunOptions(
        on_conflict="rename",
        quarantine=True,
        train_overrides={"seed": 7, "learning_rate": 0.01},
        reason="why",
    )
    inputs = inputs_of(RunAsked(branches=("data/a", "data/b"), options=options))
    assert inputs == {
        "branches": "data/a data/b",
        "configuration": "learning_rate=0.01 seed=7",
        "on_conflict": "rename",
        "quarantine": "true",
        "reason": "why",
    }


def test_a_dry_run_starts_without_touching_a_dead_one(ctx: Context, died: str, tmp_path: Path) -> None:
    branch = pushed(ctx, tmp_path, "two", seed=2)
    started = begin(ctx, branch, options=GOOD.model_copy(update={"dry_run": True}))
    assert started.next == "data"
    assert len(ctx.ports.forge.pull_requests(head_prefix="promote/", state="open")) == 1
