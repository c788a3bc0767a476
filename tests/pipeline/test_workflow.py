"""A run on the forge, job by job: how it starts, how it travels, and what becomes of one that died."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fakes.data_store import FakeDataStore
from pipeline.conftest import production, publish_and_die, pushed
from pipeline.small import GOOD, skilled
from wms.core.context import Context
from wms.core.errors import DataStoreError, InputError, RecordError, RepositoryError
from wms.core.files import write_record
from wms.core.production import main_head
from wms.core.records.promotion import METADATA_PATH, POINTER_PATH
from wms.core.records.run import RunAsked, RunOptions
from wms.core.settings import GATE_CONFIG
from wms.report.records import RunRecords
from wms.run.graph import JOBS
from wms.run.journal import noting
from wms.run.runner import run_pipeline
from wms.run.workflow import (
    HELD,
    WORKFLOW_PATHS,
    FollowedUp,
    Started,
    follow_up,
    inputs_of,
    start,
    take,
)

POOR = skilled(40)


def begin(
    ctx: Context,
    *branches: str,
    options: RunOptions = GOOD,
    workflow_sha: str = "",
    commit: str | None = None,
) -> Started:
    ctx.ports.repository.fetch()
    sha = workflow_sha or main_head(ctx.ports.repository)
    return start(ctx, RunAsked(branches=branches, options=options, commit=commit), workflow_sha=sha)


def tip(ctx: Context, branch: str) -> str:
    sha = ctx.ports.repository.head(branch)
    assert sha is not None
    return sha


def dispatched(ctx: Context) -> list[dict[str, str]]:
    """The inputs of the runs of the pipeline that were asked for."""
    listed = ctx.ports.forge.dispatches()  # type: ignore[attr-defined]
    return [dict(each.inputs) for each in listed if "pipeline" in each.workflow]


def do(ctx: Context, *names: str) -> None:
    """Run jobs by name, as the workflow does."""
    for job in JOBS:
        for command in job.commands if job.name in names else ():
            with noting(ctx, command.name):
                command.run(ctx)


def forget_datasets(ctx: Context) -> None:
    """The store as it was before the run's dataset was stored, as on a machine that died before it saved."""
    store = ctx.ports.data_store
    assert isinstance(store, FakeDataStore)
    shutil.rmtree(store.folder / "datasets")


@pytest.fixture
def one(ctx: Context, tmp_path: Path) -> str:
    """A data branch that waits."""
    return pushed(ctx, tmp_path / "one", seed=1)


@pytest.fixture
def died(ctx: Context, one: str) -> str:
    """The branch of a run that died after its pull request; its machine, and what was in `run/`, is gone."""
    publish_and_die(ctx, one)
    shutil.rmtree(ctx.layout.run)
    return one


def upload(ctx: Context, artifacts: Path, *names: str) -> None:
    """Do jobs one after the other, each with its artifact."""
    for name in names:
        do(ctx, name)
        shutil.copytree(ctx.layout.run, artifacts / f"run-{name}-1")


def test_a_push_starts_a_run_on_its_branch(ctx: Context, one: str) -> None:
    assert begin(ctx, one).next == "data"
    assert ctx.request.asked == RunAsked(branches=(one,), options=GOOD)


def test_a_branch_that_an_earlier_run_took_leaves_nothing_to_do(ctx: Context, one: str) -> None:
    ctx.ports.repository.fetch()
    commit = tip(ctx, one)
    run_pipeline(ctx, branches=[one], options=GOOD)
    started = begin(ctx, one, commit=commit)
    assert started.next == "nothing"
    assert "an earlier run took it" in started.said


def test_of_two_hundred_branches_that_are_not_there_the_first_is_named(ctx: Context, one: str) -> None:
    with pytest.raises(RepositoryError, match="the remote has no branch data/000") as told:
        begin(ctx, *(f"data/{number:03d}" for number in range(200)))
    assert one in told.value.remedy


def test_a_push_that_was_judged_is_not_judged_again_and_a_person_may_repeat_it(
    ctx: Context, one: str, tmp_path: Path
) -> None:
    run_pipeline(ctx, branches=[one], options=GOOD)
    held = pushed(ctx, tmp_path / "two", seed=2)
    assert run_pipeline(ctx, branches=[held], options=POOR).outcome == "held"
    started = begin(ctx, held, commit=tip(ctx, held))
    assert started.next == "nothing"
    assert "already has a result (held: " in started.said
    assert begin(ctx, held).next == "data"


def test_held_means_all_branches_that_were_held(ctx: Context, one: str, tmp_path: Path) -> None:
    run_pipeline(ctx, branches=[one], options=GOOD)
    held = sorted(pushed(ctx, tmp_path / name, seed=seed) for name, seed in (("two", 2), ("three", 3)))
    for branch in held:
        assert run_pipeline(ctx, branches=[branch], options=POOR).outcome == "held"
    waiting = pushed(ctx, tmp_path / "four", seed=4)
    begin(ctx, HELD)
    assert [branch.name for branch in ctx.request.branches] == held
    assert waiting not in held


def test_where_none_is_held_there_is_nothing_to_do(ctx: Context) -> None:
    assert begin(ctx, HELD).next == "nothing"


@pytest.mark.parametrize("path", WORKFLOW_PATHS)
def test_a_run_asked_for_before_mains_workflow_changed_is_started_anew_as_it_was_asked_for(
    ctx: Context, one: str, path: str
) -> None:
    repository = ctx.ports.repository
    repository.fetch()
    head = main_head(repository)
    repository.push(repository.commit(head, {path: b"new"}, message="A new workflow"), "main", expect=head)
    commit = tip(ctx, one)
    assert begin(ctx, one, workflow_sha=head, commit=commit).next == "nothing"
    (inputs,) = dispatched(ctx)
    assert inputs == inputs_of(RunAsked(branches=(one,), options=GOOD, commit=commit), actor=ctx.actor)


def test_a_run_goes_from_machine_to_machine(ctx: Context, one: str, tmp_path: Path) -> None:
    artifacts = tmp_path / "artifacts"
    begin(ctx, one)
    for name in ("data", "train", "gate", "publish", "merge"):
        if artifacts.is_dir():
            take(ctx, artifacts)
        do(ctx, name)
        for unsent in ("dataset", "base", "checkpoints", "tree"):
            shutil.rmtree(ctx.layout.run / unsent, ignore_errors=True)
        shutil.move(ctx.layout.run, artifacts / f"run-{name}-1")
    assert production(ctx).version == 1


def test_what_a_later_job_did_not_upload_comes_from_an_earlier_one(
    ctx: Context, one: str, tmp_path: Path
) -> None:
    begin(ctx, one)
    upload(ctx, tmp_path, "data", "train")
    shutil.rmtree(tmp_path / "run-train-1/incoming")
    take(ctx, tmp_path)
    assert len([path for path in ctx.layout.incoming.rglob("*") if path.is_file()]) == 48
    assert ctx.run_state.done("train")


def test_of_several_copies_the_furthest_is_taken(ctx: Context, one: str, tmp_path: Path) -> None:
    begin(ctx, one)
    upload(ctx, tmp_path, "data", "train", "gate")
    take(ctx, tmp_path)
    assert ctx.run_state.done("gate")


def two_runs(ctx: Context, folder: Path, *names: str) -> str:
    """The artifacts of two runs by these names; the ID of the second run."""
    for seed, name in enumerate(names):
        begin(ctx, pushed(ctx, folder / f"pairs-{seed}", seed=seed))
        shutil.copytree(ctx.layout.run, folder / "artifacts" / name)
    return ctx.request.run_id


def test_artifacts_of_two_runs_are_refused(ctx: Context, tmp_path: Path) -> None:
    two_runs(ctx, tmp_path, "one", "two")
    with pytest.raises(RecordError, match="2 runs"):
        take(ctx, tmp_path / "artifacts")


def test_after_the_first_job_ran_again_its_newest_attempt_counts(ctx: Context, tmp_path: Path) -> None:
    second = two_runs(ctx, tmp_path, "run-data-1", "run-data-2")
    assert take(ctx, tmp_path / "artifacts").run_id == second


def test_a_run_that_died_is_merged_first_and_what_waits_follows(
    ctx: Context, died: str, tmp_path: Path
) -> None:
    lost = pushed(ctx, tmp_path / "two", seed=2)
    asked = pushed(ctx, tmp_path / "three", seed=3)
    assert begin(ctx, asked).next == "merge"
    do(ctx, "merge")
    assert production(ctx).version == 1
    assert ctx.ports.repository.head(died) is None
    assert [run.branches for run in follow_up(ctx).started] == [(asked,), (lost,)]
    assert [inputs["branches"] for inputs in dispatched(ctx)] == [asked, lost]


def test_what_is_merged_after_a_death_is_what_was_published(ctx: Context, died: str) -> None:
    before = ctx.ports.forge.pull_requests(head_prefix="promote/", state="open")[0]
    begin(ctx)
    promotion = RunRecords.load(ctx.layout.run).promotion
    assert promotion is not None
    assert (promotion.commit_sha, promotion.pull_request) == (before.head_sha, before.number)
    assert [branch.name for branch in promotion.data_branches] == [died]
    assert promotion.files.keys() >= {METADATA_PATH}


def test_only_data_branches_are_taken(ctx: Context) -> None:
    with pytest.raises(InputError, match="main: only branches"):
        begin(ctx, "main")


def test_a_push_whose_commit_is_gone_leaves_the_branch_to_the_newer_push(ctx: Context, one: str) -> None:
    assert begin(ctx, one, commit="0" * 40).next == "nothing"


def test_a_run_whose_workflow_is_of_a_commit_that_main_lost_is_started_anew(ctx: Context) -> None:
    assert begin(ctx, workflow_sha="0" * 40).next == "nothing"
    assert len(dispatched(ctx)) == 1


def test_a_dead_runs_images_that_were_never_stored_are_stored_before_its_merge(
    ctx: Context, died: str
) -> None:
    forget_datasets(ctx)
    begin(ctx)
    do(ctx, "publish", "merge")
    pointer = ctx.ports.repository.read_file(main_head(ctx.ports.repository), POINTER_PATH)
    assert pointer is not None
    assert ctx.ports.data_store.has_dataset(pointer)


def test_a_dead_run_whose_images_are_lost_is_not_merged(ctx: Context, died: str) -> None:
    forget_datasets(ctx)
    begin(ctx)
    with pytest.raises(DataStoreError, match="the dataset"):
        do(ctx, "merge")
    assert production(ctx) is None
    assert ctx.ports.repository.head(died) is not None


def test_while_the_pull_request_is_open_nothing_follows(ctx: Context, died: str) -> None:
    begin(ctx)
    assert follow_up(ctx) == FollowedUp(waiting=(RunAsked(branches=(), options=GOOD),))


def test_a_run_that_died_and_came_too_late_is_closed_and_asked_for_again(
    ctx: Context, died: str, tmp_path: Path
) -> None:
    repository, head = ctx.ports.repository, main_head(ctx.ports.repository)
    stricter = (repository.read_file(head, GATE_CONFIG) or b"") + b"\n"
    changed = repository.commit(head, {GATE_CONFIG: stricter}, message="A stricter gate")
    repository.push(changed, "main", expect=head)
    (ctx.layout.root / GATE_CONFIG).write_bytes(stricter)
    branch = pushed(ctx, tmp_path / "two", seed=2)
    assert begin(ctx, branch).next == "data"
    assert ctx.ports.forge.pull_requests(head_prefix="promote/", state="open") == ()
    (inputs,) = dispatched(ctx)
    assert inputs["branches"] == died


def test_a_run_under_which_main_moved_is_started_again(ctx: Context, one: str) -> None:
    begin(ctx, one)
    void = ctx.run_state.model_copy(update={"outcome": "void", "stale": True})
    write_record(ctx.layout.record("state"), void)
    assert follow_up(ctx).started == (ctx.request.asked,)


def test_the_inputs_of_a_dispatch_ask_for_the_same() -> None:
    options = RunOptions(
        on_conflict="rename",
        quarantine=True,
        train_overrides={"seed": 7, "learning_rate": 0.01},
        reason="why",
        dry_run=True,
    )
    inputs = inputs_of(RunAsked(branches=("data/a", "data/b"), options=options), actor="ann")
    assert inputs == {
        "actor": "ann",
        "branches": "data/a data/b",
        "commit": "",
        "configuration": "learning_rate=0.01 seed=7",
        "dry_run": "true",
        "on_conflict": "rename",
        "quarantine": "true",
        "reason": "why",
    }


def test_a_dry_run_starts_without_touching_a_dead_one(ctx: Context, died: str, tmp_path: Path) -> None:
    branch = pushed(ctx, tmp_path / "two", seed=2)
    started = begin(ctx, branch, options=GOOD.model_copy(update={"dry_run": True}))
    assert started.next == "data"
    assert len(ctx.ports.forge.pull_requests(head_prefix="promote/", state="open")) == 1
