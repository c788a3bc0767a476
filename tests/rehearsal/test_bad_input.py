"""What people ask for by mistake, and what becomes of a branch while its run waits: one clear line each."""

from __future__ import annotations

import pytest

from rehearsal.engine.hooks import after_job
from rehearsal.engine.results import Run
from rehearsal.stage import PIPELINE, Stage


def refused(stage: Stage, **inputs: str) -> Run:
    """A run that its first job refuses, with nothing changed."""
    before = stage.main
    stage.retrain(**inputs)
    (run,) = stage.play()
    run.expect("failure", data="failure", train="skipped", publish="skipped")
    assert (stage.main, stage.pulls("open")) == (before, [])
    return run


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"branches": "data/nope"}, "the remote has no branch data/nope"),
        ({"branches": "main"}, "only branches whose names start with data/"),
        ({"seed": "many"}, "'many' is not a valid integer"),
        ({"configuration": "epochs=some"}, "'epochs=some' is not KEY=NUMBER"),
    ],
    ids=["no such branch", "not a data branch", "no number", "no setting"],
)
def test_what_cannot_be_done_is_one_line_in_the_summary(
    stage: Stage, inputs: dict[str, str], said: str
) -> None:
    (line,) = [line for line in refused(stage, **inputs).summary.splitlines() if line]
    assert line.startswith("**Error:** ")
    assert said in line.replace("&#91;", "[").replace("&#95;", "_")


def test_a_branch_that_was_deleted_while_its_run_waited_leaves_nothing_to_do(stage: Stage) -> None:
    branch = stage.push_pairs("first", seed=1)
    delete = ("push", "--quiet", "origin", "--delete", branch)
    stage.sim.watch(after_job("start", lambda: stage.git(*delete)))
    (run,) = stage.play()
    run.expect("success", data="success", train="skipped", report="skipped")
    assert f"{branch} is gone" in run.jobs["data"].log


@pytest.mark.soak
def test_a_branch_that_was_pushed_anew_by_force_is_judged_once_as_it_is_now(stage: Stage) -> None:
    branch = stage.push_pairs("first", seed=1)

    def push_anew() -> None:
        stage.write_pairs(stage.clone / "WMS/data/incoming", count=24, seed=2)
        stage.git("add", "--all")
        stage.git("commit", "--quiet", "--amend", "--message", "Better pairs")
        stage.git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        stage.sim.push(branch)

    stage.sim.watch(after_job("start", push_anew))
    stage.play()
    old, new = stage.pipelines()
    old.expect("success", data="success", train="skipped")
    assert "force-pushed" in old.jobs["data"].log
    new.expect("success", publish="success")
    assert branch not in stage.branches


@pytest.mark.soak
def test_a_token_without_a_permission_is_told_and_the_next_run_goes_on(stage: Stage) -> None:
    stage.github.settings.private = True  # Of a public repository everybody may read the checks.
    path = f".github/workflows/{PIPELINE}"
    whole = stage.at_main(path)
    lines = [line for line in whole.splitlines() if not line.strip().startswith("checks: read")]
    stage.commit_to_main({path: "\n".join(lines) + "\n"})
    stage.push_pairs("first", seed=1)
    (run,) = stage.play()
    run.expect("failure", train="success", publish="failure", report="success")
    assert "checks=read" in run.summary
    assert len(stage.pulls("open")) == 1
    stage.commit_to_main({path: whole})
    stage.retrain()
    stage.play()[0].expect("success", train="skipped", publish="success")
    assert stage.production == 1


@pytest.mark.soak
def test_a_push_of_three_thousand_files_is_taken(stage: Stage) -> None:
    stage.push_pairs("large", seed=1, count=1500)
    stage.play()[0].expect("success", publish="success")
    assert stage.samples == 1500
