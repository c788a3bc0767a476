"""People push pairs or press Run workflow: what main, the pull requests and the branches look like after."""

from __future__ import annotations

import shutil

import pytest

from rehearsal.stage import Stage


def test_a_first_push_ends_as_the_model_in_production(first_promotion: Stage) -> None:
    stage = first_promotion
    pipeline, deploy = stage.runs
    pipeline.expect(
        "success", data="success", publish="success", ci="skipped", infra_down="skipped", report="success"
    )
    assert (stage.production, stage.samples) == (1, 24)
    (pull,) = stage.pulls("merged")
    assert stage.statuses(pull.head_sha) == {
        "ci": "success",
        "wms/data": "success",
        "wms/quality-gate": "success",
    }
    posted = stage.github.combined(pull.head_sha)["ci"]
    assert posted.description.startswith("ci passed on ")
    assert str(posted.target_url).endswith(f"/octo/meters/actions/runs/{pipeline.id}")
    assert stage.branches == []
    assert deploy.expect("success").workflow.endswith("deploy-model.yml")
    assert set(deploy.artifacts["model"].files) >= {"model.onnx", "model.json"}


def test_bad_data_are_refused_before_anything_starts(promoted: Stage) -> None:
    before = promoted.main
    branch = promoted.push_pairs("broken", seed=3)
    shutil.rmtree(promoted.clone / "WMS/data/incoming/masks")
    promoted.push(branch)
    runs = promoted.play()
    first, second = runs
    first.expect("failure", data="failure", train="skipped", publish="skipped", report="success")
    second.expect("success", data="success", train="skipped")
    assert "already has a result (blocked: 24 findings" in second.jobs["data"].log
    head = promoted.git("rev-parse", "HEAD")
    assert promoted.statuses(head)["wms/data"] == "failure"
    assert promoted.comments_on(head).count("missing-mask") == 24
    files = [note.file for note in first.annotations if note.file]
    assert len(set(files)) == 9  # GitHub shows ten of a kind for a step: these and the error itself.
    assert (promoted.main, promoted.pulls("open")) == (before, [])
    assert branch in promoted.branches


def test_a_model_that_is_no_better_is_held_and_the_run_is_green(promoted: Stage) -> None:
    before = promoted.main
    promoted.model_skill(40)
    settled = promoted.main
    branch = promoted.push_pairs("worse", seed=4)
    (run,) = promoted.play()
    run.expect("success", train="success", publish="skipped")
    head = promoted.git("rev-parse", "HEAD")
    assert promoted.statuses(head)["wms/verdict"] == "success"
    assert "worse at 90% confidence" in promoted.comments_on(head)
    assert "Worse at 90% confidence" in run.summary
    assert promoted.main == settled != before
    assert len(promoted.pulls("merged")) == 1
    assert branch in promoted.branches


def test_of_two_pushes_that_wait_nothing_is_lost(promoted: Stage) -> None:
    promoted.model_skill(100)
    branches = [promoted.push_pairs(name, seed=seed) for name, seed in (("left", 6), ("right", 7))]
    promoted.play()
    first, second = promoted.pipelines()[-2:]
    first.expect("success", publish="success")
    second.expect("success", publish="skipped")
    assert (promoted.production, promoted.samples) == (2, 48)
    assert "better" in promoted.pulls("merged")[-1].body
    assert [name for name in branches if name in promoted.branches] == [branches[1]]


@pytest.mark.soak
def test_two_pushes_to_one_branch_are_taken_by_the_first_run(promoted: Stage) -> None:
    promoted.model_skill(100)
    promoted.push_pairs("growing", seed=8)
    branch = promoted.push_pairs_again("growing", seed=9)
    promoted.play()
    first, second = promoted.pipelines()[-2:]
    first.expect("success", publish="success")
    second.expect("success", data="success", train="skipped", report="skipped")
    assert promoted.samples == 72
    assert branch not in promoted.branches


@pytest.mark.soak
def test_where_main_was_never_checked_a_rollback_waits_for_ci(promoted: Stage) -> None:
    promoted.retrain(seed="100", reason="a better seed")
    promoted.play()
    promoted.commit_to_main({"NOTES.md": "A note.\n"}, ci=None)
    promoted.sim.dispatch("rollback.yml", {"reason": "worse in the field"})
    rollback, _ = promoted.play()
    rollback.expect("success", rollback="success", ci="success", merge="success")
    assert promoted.production == 1
    head = promoted.pulls("merged")[-1].head_sha
    assert promoted.github.combined(head)["ci"].description == "ci ran on this commit and passed"
