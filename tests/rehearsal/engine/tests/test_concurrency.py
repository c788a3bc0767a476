"""Concurrency groups."""

from __future__ import annotations

import threading

from rehearsal.engine.hooks import Phase
from rehearsal.engine.tests.rig import WORKFLOW, Rig

TEXT = """
on: workflow_dispatch
concurrency: SETTING
jobs:
  a: {runs-on: ubuntu-latest, steps: [{run: 'echo started; SLEEP'}]}
"""


def conclusions(rig: Rig, setting: str, runs: int = 3) -> list[str]:
    rig.commit({WORKFLOW: TEXT.replace("SETTING", setting).replace("SLEEP", "true")})
    for _ in range(runs):
        rig.sim.dispatch("w.yml")
    rig.sim.run_all()
    return [str(run.conclusion) for run in rig.sim.runs]


def test_by_default_one_run_waits_and_a_newer_one_takes_its_place(rig: Rig) -> None:
    assert conclusions(rig, "{group: g}") == ["success", "cancelled", "success"]


def test_with_queue_max_all_wait(rig: Rig) -> None:
    assert conclusions(rig, "{group: g, queue: max}", runs=4) == ["success"] * 4


def test_a_newer_run_cancels_those_before_it_where_it_says_so(rig: Rig) -> None:
    assert conclusions(rig, "{group: g, cancel-in-progress: true}") == ["cancelled", "cancelled", "success"]


def test_other_groups_are_left_alone(rig: Rig) -> None:
    assert conclusions(rig, "'g-${{ github.run_id }}'") == ["success"] * 3


def test_a_run_in_progress_is_cancelled_by_one_that_comes_meanwhile(rig: Rig) -> None:
    text = TEXT.replace("SETTING", "{group: g, cancel-in-progress: true}").replace("SLEEP", "sleep 20")
    rig.commit({WORKFLOW: text})
    first = rig.sim.dispatch("w.yml")
    quick = {WORKFLOW: text.replace("sleep 20", "true")}

    def another(moment: object) -> None:
        if getattr(moment, "line", None) == "started" and len(rig.sim.runs) == 1:
            rig.commit(quick)
            rig.sim.dispatch("w.yml")

    rig.sim.watch(another)
    rig.sim.run_all()
    first.expect("cancelled")
    rig.sim.runs[1].expect("success")


def test_a_run_dispatched_from_another_thread_waits_its_turn(rig: Rig) -> None:
    rig.commit({WORKFLOW: TEXT.replace("SETTING", "{group: g, queue: max}").replace("SLEEP", "true")})
    rig.sim.dispatch("w.yml")

    def api(moment: object) -> None:
        if getattr(moment, "phase", None) is Phase.JOB_START and len(rig.sim.runs) == 1:
            thread = threading.Thread(target=rig.sim.dispatch, args=("w.yml",))
            thread.start()
            thread.join()

    rig.sim.watch(api)
    assert len(rig.sim.run_all()) == 2


def test_a_run_that_waits_may_be_cancelled(rig: Rig) -> None:
    rig.commit({WORKFLOW: TEXT.replace("SETTING", "{group: g, queue: max}").replace("SLEEP", "true")})
    run = rig.sim.dispatch("w.yml")
    rig.sim.cancel(run)
    assert rig.sim.run_all() == []
    assert run.conclusion == "cancelled"
