"""Whole runs on one machine: what main, the forge, the registry and the instance look like after."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.conftest import open_small_workspace, production, pushed, run_on
from pipeline.small import GOOD, skilled, write_small_pairs
from wms.core.context import Context
from wms.core.errors import BadDataError, InputError, NothingToDoError, StaleBaseError
from wms.core.files import read_record, write_bytes
from wms.core.production import main_head, manifest_at
from wms.core.records.dataset import Split
from wms.core.records.promotion import METADATA_PATH
from wms.core.records.run import RunOptions
from wms.core.records.training import Candidate
from wms.data.merge import merge_branches
from wms.data.push import Upload, push_folder
from wms.data.status import data_status
from wms.promotion.rollback import roll_back
from wms.report.records import RunRecords
from wms.run.runner import run_pipeline
from wms.run.start import branch_heads, start_run
from wms.run.summary import outcome_of
from wms.training import candidate as training


@pytest.fixture
def first(one_promotion: Path, written_training: object, tmp_path: Path) -> Context:
    """A workspace with one promoted model of middling skill."""
    return open_small_workspace(shutil.copytree(one_promotion, tmp_path / "work", symlinks=True))


def test_a_first_dataset_above_the_floor_ends_merged(first: Context) -> None:
    assert production(first).version == 1
    assert first.ports.registry.production() == 1


def test_a_promotion_carries_manifest_pointer_and_lock(first: Context) -> None:
    repository = first.ports.repository
    head = main_head(repository)
    assert len(manifest_at(repository, head).samples) == 24
    assert b"path: training" in (repository.read_file(head, "WMS/data/training.dvc") or b"")
    assert repository.read_file(head, "dvc.lock") is not None


def test_no_photograph_reaches_main(first: Context) -> None:
    words = [
        "git",
        "log",
        "--all",
        "--name-only",
        "--format=",
        "origin/main",
        "--not",
        "--remotes=origin/data/*",
    ]
    names = subprocess.run(words, cwd=first.layout.root, capture_output=True, text=True, check=True).stdout
    assert "model-metadata.json" in names
    assert ".png" not in names


def test_a_merged_data_branch_is_deleted(first: Context) -> None:
    assert first.ports.repository.branches("data/") == ()


def test_the_instance_is_stopped_at_the_end(first: Context) -> None:
    assert first.ports.compute.state() == "stopped"
    assert first.ports.leases.load()[0].leases == ()


def test_a_first_model_below_the_floor_is_held(ctx: Context, tmp_path: Path) -> None:
    state = run_on(ctx, write_small_pairs(tmp_path / "one", count=24, seed=1), skill=10)
    assert state.outcome == "held"
    assert production(ctx) is None
    assert ctx.ports.forge.pull_requests(head_prefix="promote/", state="all") == ()


def test_a_better_candidate_is_promoted(first: Context, tmp_path: Path) -> None:
    state = run_on(first, write_small_pairs(tmp_path / "two", count=10, seed=2), skill=100)
    assert state.outcome == "promoted"
    assert production(first).version == 2
    assert len(manifest_at(first.ports.repository, "main").samples) == 34


def test_a_worse_candidate_is_held_and_its_branch_stays_listed(first: Context, tmp_path: Path) -> None:
    state = run_on(first, write_small_pairs(tmp_path / "two", count=10, seed=2), skill=30)
    assert state.outcome == "held"
    assert production(first).version == 1
    (branch,) = data_status(repository=first.ports.repository, forge=first.ports.forge).branches
    assert branch.state == "held"
    assert branch.reason.startswith("worse")


def test_tries_on_the_same_test_images_are_counted_and_shown_in_the_registry(first: Context) -> None:
    for tries in (0, 1):
        run_pipeline(first, options=skilled(40 + tries))
        decision = RunRecords.load(first.layout.run).decision
        assert decision is not None
        assert (decision.question, decision.asked_before) == ("better", tries)
    registry = json.loads((first.layout.root / ".wms/fake-registry/registry.json").read_bytes())
    run = registry["runs"][read_record(first.layout.record("candidate"), Candidate).run_id]
    assert (run["tags"]["gate.verdict"], run["tags"]["gate.question"]) == ("hold", "better")
    assert run["evaluation"]["test_dice"] == pytest.approx(decision.candidate.summary.dice)
    assert len(run["table"]["image"]) == decision.candidate.summary.pictures
    assert registry["versions"][-1]["text"].startswith("**hold**: worse at")


def test_the_same_push_tried_again_is_judged_as_a_retraining(first: Context, tmp_path: Path) -> None:
    run_on(first, write_small_pairs(tmp_path / "two", count=20, seed=2), skill=30)
    (branch,) = first.ports.repository.branches("data/")
    run_pipeline(first, branches=[branch], options=skilled(40))
    decision = RunRecords.load(first.layout.run).decision
    assert decision is not None
    assert (decision.question, decision.tried_before) == ("better", 1)
    assert "the same training data were tried before" in decision.reasons[2]


def test_held_branches_can_be_taken_together(first: Context, tmp_path: Path) -> None:
    for name, seed in (("two", 2), ("three", 3)):
        run_on(first, write_small_pairs(tmp_path / name, count=5, seed=seed), skill=30)
    branches = first.ports.repository.branches("data/")
    assert len(branches) == 2
    run_pipeline(first, branches=branches, options=GOOD)
    assert len(manifest_at(first.ports.repository, "main").samples) == 34
    assert first.ports.repository.branches("data/") == ()


@pytest.mark.parametrize(("skill", "outcome"), [(100, "promoted"), (75, "held")], ids=["better", "equal"])
def test_a_retraining_without_new_data_is_promoted_if_it_is_better(
    first: Context, skill: int, outcome: str
) -> None:
    assert run_on(first, None, skill=skill).outcome == outcome


def test_broken_pairs_are_blocked_before_training(
    first: Context, written_training: object, tmp_path: Path
) -> None:
    folder = write_small_pairs(tmp_path / "two", count=3, seed=2)
    (folder / "images/lonely.png").write_bytes((folder / "images/meter-2-000.png").read_bytes())
    before = written_training.calls
    with pytest.raises(BadDataError):
        run_on(first, folder, skill=100)
    assert written_training.calls == before
    (branch,) = data_status(repository=first.ports.repository, forge=first.ports.forge).branches
    assert branch.state == "blocked"
    assert [found.file for found in outcome_of(first).findings] == [
        f"{branch.name}@{branch.sha[:8]}/images/lonely.png"
    ]


@pytest.fixture
def partly_broken(tmp_path: Path) -> Path:
    """Three pairs, one of them with a mask that is no image."""
    folder = write_small_pairs(tmp_path / "two", count=3, seed=2)
    write_bytes(folder / "masks/meter-2-000.png", b"no image")
    return folder


def test_quarantine_takes_the_rest_and_the_branch_stays_and_says_so(
    first: Context, partly_broken: Path
) -> None:
    name = Upload.of(partly_broken).branch
    assert run_on(first, partly_broken, skill=100, quarantine=True).outcome == "promoted"
    assert len(manifest_at(first.ports.repository, "main").samples) == 26
    assert outcome_of(first).taken_branches == (name,)
    (branch,) = data_status(repository=first.ports.repository, forge=first.ports.forge).branches
    assert (branch.name, branch.state) == (name, "taken")
    assert branch.reason == "taken into model v2; 1 set aside: not-an-image"


def test_a_run_on_a_taken_branch_finds_the_rest_there_and_the_bad_ones_bad(
    first: Context, partly_broken: Path
) -> None:
    run_on(first, partly_broken, skill=100, quarantine=True)
    name = Upload.of(partly_broken).branch
    with pytest.raises(BadDataError, match="blocked by 1 finding;"):
        run_pipeline(first, branches=[name], options=RunOptions())
    findings = outcome_of(first).findings
    assert sorted(found.rule for found in findings) == ["duplicate", "duplicate", "not-an-image"]
    with pytest.raises(NothingToDoError, match="set aside"):
        run_pipeline(first, branches=[name], options=RunOptions(quarantine=True))


def test_a_held_branch_that_is_taken_later_is_held_no_more(first: Context, partly_broken: Path) -> None:
    assert run_on(first, partly_broken, skill=30, quarantine=True).outcome == "held"
    assert run_on(first, partly_broken, skill=100, quarantine=True).outcome == "promoted"
    (branch,) = data_status(repository=first.ports.repository, forge=first.ports.forge).branches
    assert branch.state == "taken"


def test_what_a_later_branch_supersedes_stays_on_its_own(first: Context, tmp_path: Path) -> None:
    branches = []
    for name, seed in (("a", 8), ("b", 9)):
        folder = write_small_pairs(tmp_path / name, count=1, seed=seed)
        for part in ("images", "masks"):
            (folder / part / f"meter-{seed}-000.png").rename(folder / part / "same.png")
        branches.append(push_folder(folder, repository=first.ports.repository))
    run_pipeline(first, branches=branches, options=skilled(100, on_conflict="replace"))
    (branch,) = data_status(repository=first.ports.repository, forge=first.ports.forge).branches
    assert (branch.name, branch.state) == (branches[0], "taken")
    assert branch.reason.endswith("superseded")


def test_a_branch_that_brings_nothing_new_is_deleted(first: Context, tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match=r"has its 24 pairs already.*the branch was deleted") as said:
        run_on(first, write_small_pairs(tmp_path / "again", count=24, seed=1), skill=100)
    assert said.value.remedy == "No action needed."
    assert first.ports.repository.branches("data/") == ()


def test_a_branch_that_brings_nothing_new_stays_if_something_came_to_it(
    first: Context, tmp_path: Path
) -> None:
    repository = first.ports.repository
    name = pushed(first, tmp_path / "again", seed=1)
    request = start_run(first, branch_heads(first, [name]), RunOptions())
    later = repository.commit(request.branches[0].sha, {"WMS/data/incoming/x": b""}, message="later")
    repository.push(later, name, expect=request.branches[0].sha)
    with pytest.raises(NothingToDoError, match="got new commits meanwhile and stays"):
        merge_branches(first)
    assert repository.head(name) == later


def test_a_branch_without_any_pair_stays(first: Context) -> None:
    repository = first.ports.repository
    sha = repository.commit(main_head(repository), {"note.md": b"soon"}, message="no pairs yet")
    repository.push(sha, "data/soon", expect=None)
    with pytest.raises(NothingToDoError, match="data/soon brings no pairs"):
        run_pipeline(first, branches=["data/soon"], options=RunOptions())
    assert repository.branches("data/") == ("data/soon",)


def test_an_empty_push_has_nothing_to_do(first: Context, tmp_path: Path) -> None:
    (tmp_path / "empty/images").mkdir(parents=True)
    with pytest.raises(NothingToDoError, match="no files"):
        run_on(first, tmp_path / "empty", skill=100)


def test_two_branches_taken_one_after_the_other_both_arrive(first: Context, tmp_path: Path) -> None:
    before = {s.stem for s in manifest_at(first.ports.repository, "main").samples}
    for name, seed in (("a", 8), ("b", 9)):
        write_small_pairs(tmp_path / name, count=2, seed=seed)
        write_small_pairs(tmp_path / name, count=1, seed=7)
    names = {name: push_folder(tmp_path / name, repository=first.ports.repository) for name in ("a", "b")}
    for name, skill in (("b", 90), ("a", 100)):
        state = run_pipeline(first, branches=[names[name]], options=skilled(skill))
        assert state.outcome == "promoted"
    after = {s.stem for s in manifest_at(first.ports.repository, "main").samples}
    assert after - before == {"meter-8-000", "meter-8-001", "meter-9-000", "meter-9-001", "meter-7-000"}


def changed_pair(ctx: Context, tmp_path: Path, *, split: Split) -> Path:
    """A pair that has the name of a sample of this split, and other bytes."""
    taken = manifest_at(ctx.ports.repository, "main").of_split(split)[0].stem
    folder = write_small_pairs(tmp_path / "other", count=1, seed=9)
    for part in ("images", "masks"):
        (folder / part / "meter-9-000.png").rename(folder / part / f"{taken}.png")
    return folder


def test_a_taken_name_is_a_conflict_and_nothing_is_merged(first: Context, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="meter-1-"):
        run_on(first, changed_pair(first, tmp_path, split="train"), skill=100)
    assert production(first).version == 1


def test_replace_lets_the_new_bytes_win_and_the_old_ones_decide(first: Context, tmp_path: Path) -> None:
    before = manifest_at(first.ports.repository, "main")
    run_on(first, changed_pair(first, tmp_path, split="test"), skill=100, on_conflict="replace")
    after = manifest_at(first.ports.repository, "main")
    (stem,) = {s.stem for s in before.samples if s not in after.samples}
    old, new = (next(s for s in m.samples if s.stem == stem) for m in (before, after))
    assert (old.split, new.split) == ("test", "test")
    assert new.image_sha256 != old.image_sha256
    reports = RunRecords.load(first.layout.run)
    assert reports.decision.samples_sha256 == before.split_digest("test") != after.split_digest("test")
    assert [score.stem for score in reports.evaluation_newcomers.scores] == [stem]


def test_rename_keeps_both(first: Context, tmp_path: Path) -> None:
    run_on(first, changed_pair(first, tmp_path, split="train"), skill=100, on_conflict="rename")
    assert len(manifest_at(first.ports.repository, "main").samples) == 25


def test_new_commits_on_a_data_branch_keep_it(
    first: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = pushed(first, tmp_path / "two", count=5, seed=2)
    push_during_training(first, monkeypatch, name, {"WMS/data/incoming/note.txt": b"later"})
    run_pipeline(first, branches=[name], options=GOOD)
    assert first.ports.repository.branches("data/") == (name,)


def test_a_code_change_on_main_does_not_disturb_a_run(first: Context, tmp_path: Path, monkeypatch) -> None:
    push_during_training(first, monkeypatch, "main", {"docs/note.md": b"unrelated"})
    assert run_on(first, None, skill=100).outcome == "promoted"
    assert first.ports.repository.read_file("main", "docs/note.md") == b"unrelated"


def test_a_changed_model_on_main_voids_a_run(first: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    other = production(first).model_copy(update={"reason": "changed by hand"})
    push_during_training(first, monkeypatch, "main", {METADATA_PATH: other.to_json()})
    with pytest.raises(StaleBaseError, match=METADATA_PATH):
        run_on(first, None, skill=100)
    assert production(first).reason == "changed by hand"


def push_during_training(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, branch: str, files: dict[str, bytes]
) -> None:
    """Let somebody push to a branch while the model trains."""
    learn = training.train

    def train_while_it_moves(*inputs: object, **arguments: object):
        repository = ctx.ports.repository
        head = repository.head(branch)
        repository.push(repository.commit(head, files, message="meanwhile"), branch, expect=head)
        return learn(*inputs, **arguments)

    monkeypatch.setattr(training, "train", train_while_it_moves)


def test_settings_that_differ_from_main_are_refused(first: Context) -> None:
    config = first.layout.root / "WMS/configs/train.yaml"
    config.write_text(config.read_text() + "# mine\n")
    with pytest.raises(InputError, match=r"train\.yaml here differs from main"):
        run_on(first, None, skill=100)


@pytest.mark.parametrize(
    ("steps", "version"),
    [
        pytest.param([100, "back"], 1, id="once"),
        pytest.param([90, "back", 100, "back"], 1, id="the last promotion whatever came before"),
        pytest.param([90, 100, "back", "back"], 2, id="typed again it changes nothing"),
        pytest.param([90, 100, "back", "to v1"], 1, id="further back if that is said"),
        pytest.param([100, "back", 90], 3, id="the earlier model is the champion again"),
    ],
)
def test_what_is_in_production_after_promotions_and_rollbacks(
    first: Context, steps: list[int | str], version: int
) -> None:
    for step in steps:
        if isinstance(step, int):
            assert run_on(first, None, skill=step).outcome == "promoted"
        else:
            roll_back(first, version=1 if step == "to v1" else None, reason="test")
    assert (production(first).version, first.ports.registry.production()) == (version, version)


def test_a_rollback_to_what_is_in_production_changes_nothing(first: Context) -> None:
    before = main_head(first.ports.repository)
    assert roll_back(first, version=1, reason="test").already
    first.ports.repository.fetch()
    assert main_head(first.ports.repository) == before
