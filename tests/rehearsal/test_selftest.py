"""Somebody presses *Run workflow* of the self-test: what it proves, what it refuses, what it leaves."""

from __future__ import annotations

import json

import pytest

from fakes.github.records import GITHUB_ACTIONS, WorkflowRun
from rehearsal.engine.hooks import Moment, Phase
from rehearsal.stage import Stage, git
from wms.github.selftest import MARKER, MARKER_FILE


@pytest.fixture
def ready(stage: Stage) -> Stage:
    """A repository with the project's own rules, whose main passed `ci`; runs go on while the job waits."""
    stage.model_skill(100)
    stage.protect_main()
    passed = {"name": "ci", "head_sha": stage.main, "conclusion": "success", "app": {"id": GITHUB_ACTIONS}}
    stage.github.check_runs.append({"id": 1, **passed})
    stage.github.runs_elsewhere = lambda: [
        WorkflowRun(
            id=run.id,
            workflow=run.workflow.rpartition("/")[2],
            event=run.event,
            head_branch=run.ref,
            head_sha=run.sha,
            status=run.status,
            conclusion=run.conclusion,
        )
        for run in stage.sim.runs
    ]

    def go_on(moment: Moment) -> None:
        if moment.phase is Phase.STEP_RUNS and moment.job == "selftest" and (run := stage.sim.run_next()):
            stage.runs.append(run)

    stage.sim.watch(go_on)
    return stage


def refs(stage: Stage) -> list[str]:
    return git(stage.remote, "for-each-ref", "--format=%(refname)").splitlines()


def test_it_goes_through_promotion_hold_and_rollback_and_puts_all_back(ready: Stage) -> None:
    before = git(ready.remote, "rev-parse", "main^{tree}")
    run = ready.sim.dispatch("selftest.yml")
    ready.play()
    run.expect("success", selftest="success")
    assert [note.message for note in run.annotations] == [
        "the self-test passed: two promotions, a hold and a rollback",
        "the repository is as it was before the self-test",
    ]
    pipelines = [each.workflow.rpartition("/")[2] for each in ready.runs if "deploy" not in each.workflow]
    assert sorted(pipelines) == ["rollback.yml", "selftest.yml", *["training-data-pipeline.yaml"] * 3]
    assert git(ready.remote, "rev-parse", "main^{tree}") == before
    assert refs(ready) == ["refs/heads/main"]
    assert ready.github.releases == {}


@pytest.mark.soak
def test_it_starts_only_where_there_is_nothing_to_lose(ready: Stage) -> None:
    ready.push_pairs("first", seed=1)
    ready.play()
    before = refs(ready)
    run = ready.sim.dispatch("selftest.yml")
    ready.play()
    run.expect("failure", selftest="failure")
    assert "a model, a dataset" in run.log
    assert ready.production == 1
    assert refs(ready) == before


@pytest.mark.soak
def test_what_somebody_pushed_while_it_ran_is_not_put_back(ready: Stage) -> None:
    ready.git("fetch", "--quiet", "origin")
    ready.git("checkout", "--quiet", "--detach", "origin/main")
    (ready.clone / MARKER_FILE).write_text(json.dumps({"stems": ["rendered"]}))
    ready.git("add", MARKER_FILE)
    ready.git("commit", "--quiet", "--message", "What the self-test pushes")
    ready.git("push", "--quiet", "origin", f"HEAD:{MARKER}")
    ready.push_pairs("mine", seed=99)
    ready.play()
    run = ready.sim.dispatch("selftest.yml")
    ready.play()
    run.expect("failure", selftest="failure")
    assert "such as 'meter-99-000'" in run.log
    assert ready.production == 1
    assert "refs/wms/state" in refs(ready)
