"""The world changes while a run works: main moves, people close and push, runners die, runs are cancelled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.engine.hooks import after_job, die_during, during
from rehearsal.stage import MAKEFILE, Stage

PUBLISHED = "saved to refs"
"""What `wms state save` says once the pull request is open and what it names is stored."""

ALWAYS_FAILS = "rehearsal-setup:\n\t@true\ncheck test:\n\t@false\n"


def stricter_gate(stage: Stage) -> None:
    """A commit on main that makes a run's evidence void."""
    text = stage.at_main("WMS/configs/gate.yaml")
    stage.commit_to_main({"WMS/configs/gate.yaml": text + "\n# Looked at again.\n"})


@pytest.mark.soak
def test_a_run_under_which_the_gate_changed_is_started_again_by_itself(stage: Stage) -> None:
    stage.push_pairs("first", seed=1)
    stage.sim.watch(after_job("train", lambda: stricter_gate(stage)))
    stage.play()
    late, again = stage.pipelines()
    late.expect("failure", publish="failure", report="success")
    again.expect("success", publish="success")
    assert (stage.production, stage.samples) == (1, 24)


def test_a_run_that_died_before_its_merge_is_merged_by_the_next(stage: Stage) -> None:
    died = stage.push_pairs("first", seed=1)
    stage.sim.watch(die_during("publish", line=PUBLISHED))
    stage.play()
    (pull,) = stage.pulls("open")
    stage.push_pairs("second", seed=2)
    stage.play()
    rescue, follower = stage.pipelines()[1:3]
    rescue.expect("success", train="skipped", publish="success")
    follower.expect("success")
    assert stage.github.pulls[pull.number].state == "merged"
    assert died not in stage.branches
    assert stage.production is not None


def test_a_promotion_to_which_somebody_pushed_is_closed_unmerged(stage: Stage) -> None:
    stage.push_pairs("first", seed=1)

    def push() -> None:
        head = stage.pulls("open")[0].head
        stage.check_out(head, head)
        (stage.clone / "x.txt").write_text("mine")
        stage.git("add", "--all")
        stage.git("commit", "--quiet", "--message", "Mine")
        stage.git("push", "--quiet", "origin", f"HEAD:refs/heads/{head}")

    stage.sim.watch(during("publish", push, line=PUBLISHED))
    (run,) = stage.play()
    run.expect("failure", publish="failure")
    assert stage.production is None
    assert len(stage.pulls("closed")) == 1


def test_a_check_that_failed_by_chance_is_run_again_and_nothing_is_lost(stage: Stage, tmp_path: Path) -> None:
    network = tmp_path / "network"
    stage.commit_to_main({"Makefile": f"rehearsal-setup check test:\n\t@test -e {network}\n"}, ci="failure")
    stage.push_pairs("first", seed=1)
    (run,) = stage.play()
    run.expect("failure", publish="success", ci="failure", merge="skipped", report="success")
    assert [pull.state for pull in stage.github.pulls.values()] == ["open"]
    network.touch()
    stage.sim.rerun_failed(run)
    again, _ = stage.play()
    again.expect("success", ci="success", merge="success")
    assert again.jobs["train"] is run.jobs["train"]
    assert stage.production == 1


@pytest.mark.soak
def test_once_main_is_mended_the_next_run_merges_what_waited(stage: Stage) -> None:
    stage.commit_to_main({"Makefile": ALWAYS_FAILS}, ci="failure")
    branch = stage.push_pairs("first", seed=1)
    stage.play()[0].expect("failure", ci="failure", merge="skipped")
    stage.retrain()
    (blocked,) = stage.play()
    blocked.expect("failure", train="skipped", publish="success", ci="failure")
    stage.commit_to_main({"Makefile": MAKEFILE})
    stage.retrain()
    stage.play()[0].expect("success", train="skipped", publish="success", ci="skipped")
    assert (stage.production, len(stage.github.pulls)) == (1, 1)
    assert branch not in stage.branches


def test_where_main_was_never_checked_ci_runs_on_the_promotion(stage: Stage) -> None:
    stage.protect_main()
    stage.commit_to_main({"NOTES.md": "A note.\n"}, ci=None)
    stage.push_pairs("first", seed=1)
    stage.play()[0].expect("success", publish="success", ci="success", merge="success")
    (pull,) = stage.pulls("merged")
    assert stage.github.combined(pull.head_sha)["ci"].description == "ci ran on this commit and passed"


@pytest.mark.soak
def test_a_pull_request_that_could_not_be_opened_is_opened_by_a_repeated_run(stage: Stage) -> None:
    stage.github.settings.actions_may_open_pull_requests = False
    stage.push_pairs("first", seed=1)
    (run,) = stage.play()
    run.expect("failure", train="success", publish="failure", report="success")
    assert "not permitted to create or approve pull requests" in run.summary
    stage.github.settings.actions_may_open_pull_requests = True
    stage.sim.rerun_failed(run)
    stage.play()[0].expect("success", publish="success")
    assert stage.production == 1


@pytest.mark.soak
def test_a_run_that_waited_while_mains_workflow_changed_is_started_anew(stage: Stage) -> None:
    path = ".github/workflows/training-data-pipeline.yaml"
    newer = {path: stage.at_main(path) + "\n# Newer.\n"}
    stage.push_pairs("first", seed=1)
    stage.sim.watch(after_job("start", lambda: stage.commit_to_main(newer)))
    old, new, _ = stage.play()
    old.expect("success", data="success", train="skipped", report="skipped")
    assert "main's workflow changed" in old.jobs["data"].annotations[0].message
    new.expect("success", publish="success")
    assert json.loads(stage.at_main("model-metadata.json"))["actor"] == "octocat"


def test_the_workflow_that_a_data_branch_brings_runs_nothing_but_its_start(stage: Stage) -> None:
    path = ".github/workflows/training-data-pipeline.yaml"
    mine = stage.at_main(path).replace("run: wms train", "run: echo stolen")
    stage.git("checkout", "--quiet", "-B", "data/mine", "origin/main")
    (stage.clone / path).write_text(mine)
    stage.write_pairs(stage.clone / "WMS/data/incoming", count=24, seed=1)
    stage.push("data/mine")
    run = stage.play()[0].expect("success", publish="success")
    assert "stolen" not in run.log
    assert stage.production == 1
