"""The world changes while a run works: main moves, people close and push, runners die, runs are cancelled."""

from __future__ import annotations

import pytest

from rehearsal.engine.hooks import after_job, before_job, cancel_during, die_after
from rehearsal.stage import Stage


def stricter_gate(stage: Stage) -> None:
    """A commit on main that makes a run's evidence void."""
    text = stage.at_main("WMS/configs/gate.yaml")
    stage.commit_to_main({"WMS/configs/gate.yaml": text + "\n# Looked at again.\n"})


def test_a_change_of_code_on_main_does_not_hinder_a_merge(stage: Stage) -> None:
    stage.push_pairs("first", seed=1)
    stage.sim.watch(after_job("train", lambda: stage.commit_to_main({"NOTES.md": "A note.\n"})))
    stage.play()[0].expect("success", merge="success")
    assert stage.production == 1
    assert stage.at_main("NOTES.md") == "A note."


def test_a_run_under_which_the_gate_changed_is_started_again_by_itself(stage: Stage) -> None:
    stage.push_pairs("first", seed=1)
    stage.sim.watch(after_job("train", lambda: stricter_gate(stage)))
    stage.play()
    late, again = stage.pipelines()
    late.expect("failure", publish="failure", report="success")
    again.expect("success", merge="success")
    assert (stage.production, stage.samples) == (1, 24)


def test_a_run_that_died_before_its_merge_is_merged_by_the_next(stage: Stage) -> None:
    died = stage.push_pairs("first", seed=1)
    stage.sim.watch(die_after("publish"))
    stage.play()
    (pull,) = stage.pulls("open")
    stage.push_pairs("second", seed=2)
    stage.play()
    rescue, follower = stage.pipelines()[1:3]
    rescue.expect("success", train="skipped", ci="success", merge="success")
    follower.expect("success")
    assert stage.github.pulls[pull.number].state == "merged"
    assert died not in stage.branches
    assert stage.production is not None


def test_a_run_that_died_and_came_too_late_is_closed_and_its_branch_taken_again(stage: Stage) -> None:
    died = stage.push_pairs("first", seed=1)
    stage.sim.watch(die_after("publish"))
    stage.play()
    (pull,) = stage.pulls("open")
    stricter_gate(stage)
    stage.retrain()
    stage.play()
    assert stage.github.pulls[pull.number].state == "closed"
    assert stage.production == 1
    assert died not in stage.branches


def test_a_pull_request_that_a_person_closed_is_not_merged(stage: Stage) -> None:
    branch = stage.push_pairs("first", seed=1)
    stage.sim.watch(before_job("merge", lambda: stage.close(stage.pulls("open")[0].number)))
    (run,) = stage.play()
    run.expect("failure", merge="failure", infra_down="success", report="success")
    assert stage.production is None
    assert branch in stage.branches


def test_a_promotion_to_which_somebody_pushed_is_closed_unmerged(stage: Stage) -> None:
    stage.push_pairs("first", seed=1)

    def push() -> None:
        head = stage.pulls("open")[0].head
        stage.git("fetch", "--quiet", "origin")
        stage.git("checkout", "--quiet", "-B", head, f"origin/{head}")
        (stage.clone / "x.txt").write_text("mine")
        stage.git("add", "--all")
        stage.git("commit", "--quiet", "--message", "Mine")
        stage.git("push", "--quiet", "origin", f"HEAD:refs/heads/{head}")

    stage.sim.watch(before_job("merge", push))
    (run,) = stage.play()
    run.expect("failure", merge="failure")
    assert stage.production is None
    assert len(stage.pulls("closed")) == 1


def test_a_new_push_to_the_branch_meanwhile_keeps_it_for_its_own_run(stage: Stage) -> None:
    branch = stage.push_pairs("first", seed=1)
    stage.sim.watch(after_job("train", lambda: stage.push_pairs_again("first", seed=2)))
    stage.play()
    first, second = stage.pipelines()
    first.expect("success", merge="success")
    second.expect("success")
    assert stage.production == 1
    assert branch in stage.branches  # held: the same model again is no better


def test_a_commit_that_fails_its_checks_is_closed_and_starts_no_loop(stage: Stage) -> None:
    stage.commit_to_main({"Makefile": "rehearsal-setup:\n\t@true\ncheck test:\n\t@false\n"})
    branch = stage.push_pairs("first", seed=1)
    (run,) = stage.play()
    run.expect("failure", ci="failure", merge="failure", report="success")
    assert stage.production is None
    assert [pull.state for pull in stage.github.pulls.values()] == ["closed"]
    assert branch in stage.branches


def test_a_cancelled_training_gives_the_instance_back(stage: Stage) -> None:
    stage.push_pairs("first", seed=1)
    stage.sim.watch(cancel_during("data"))
    (run,) = stage.play()
    run.expect("cancelled", train="skipped")
    assert (stage.production, stage.pulls("open")) == (None, [])


@pytest.mark.parametrize("auto_merge", [True, False])
def test_with_branch_protection_a_promotion_is_merged_all_the_same(stage: Stage, auto_merge: bool) -> None:
    stage.protect_main()
    stage.github.settings.allow_auto_merge = auto_merge
    stage.push_pairs("first", seed=1)
    stage.play()[0].expect("success", merge="success")
    assert stage.production == 1


def test_an_old_workflow_on_a_data_branch_is_refused_with_a_way_out(stage: Stage) -> None:
    branch = stage.push_pairs("old", seed=1)
    path = ".github/workflows/training-data-pipeline.yaml"
    stage.commit_to_main({path: stage.at_main(path) + "\n# Newer.\n"})
    (run,) = stage.play()
    run.expect("failure", data="failure", infra_up="skipped")
    assert "Press Run workflow on main" in run.jobs["data"].log
    stage.retrain(branches=branch)
    stage.play()[0].expect("success", merge="success")
    assert stage.production == 1
