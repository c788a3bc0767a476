"""Cancelling, dying, and a world that changes while a run is under way."""

from __future__ import annotations

import time

import pytest

from rehearsal.engine.hooks import after_job, cancel_during, die_after, die_during
from rehearsal.engine.tests.rig import Rig

JOBS = """
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - {id: long, run: 'echo started; SLEEP; echo never'}
      - {id: plain, run: 'true'}
      - {id: tidy, if: always(), run: 'echo tidied'}
      - {id: told, if: cancelled(), run: 'true'}
      - {id: failed, if: failure(), run: 'true'}
  b: {needs: a, runs-on: ubuntu-latest, steps: [{run: 'true'}]}
  c: {needs: a, if: always(), runs-on: ubuntu-latest, steps: [{run: 'echo "${{ needs.a.result }}"'}]}
"""


def test_a_cancelled_run_ends_its_step_and_runs_only_what_always_runs(rig: Rig) -> None:
    rig.sim.watch(cancel_during("a", line="started"))
    began = time.monotonic()
    run = rig.run(JOBS.replace("SLEEP", "sleep 60"))
    run.expect("cancelled", a="cancelled", b="skipped", c="success")
    assert time.monotonic() - began < 30
    ends = {name: str(step.outcome) for name, step in run.jobs["a"].steps.items()}
    assert ends == {
        "long": "cancelled", "plain": "skipped", "tidy": "success", "told": "success", "failed": "skipped",
    }  # fmt: skip
    assert "cancelled" in run.jobs["c"].log


def test_a_cancelled_step_is_interrupted_first_and_may_tidy_up(rig: Rig) -> None:
    rig.sim.watch(cancel_during("a", line="started"))
    script = "trap 'echo interrupted; exit 0' INT; echo started; for i in $(seq 600); do sleep 0.1; done"
    run = rig.steps(f'[{{id: s, run: "{script}"}}]').expect("cancelled")
    assert "interrupted" in run.jobs["a"].steps["s"].log


@pytest.mark.parametrize(("prefix", "heard"), [("", False), ("exec ", True)])
def test_a_program_hears_of_a_cancellation_only_in_the_shells_place(
    rig: Rig, prefix: str, heard: bool
) -> None:
    """As on GitHub: a program that must hear of it is started by `exec`."""
    program = """
        import signal, time
        signal.signal(signal.SIGINT, lambda *_: print("heard", flush=True))
        print("started", flush=True)
        time.sleep(60)
        """
    rig.sim.watch(cancel_during("a", line="started"))
    run = rig.steps(
        f"[{{uses: actions/checkout@v7}}, {{id: s, run: {prefix}python slow.py}}]", **{"slow.py": program}
    ).expect("cancelled")
    assert ("heard" in run.jobs["a"].steps["s"].log) is heard


def test_a_job_and_a_step_that_always_run_are_not_cancelled(rig: Rig) -> None:
    rig.sim.watch(cancel_during("a", line="started"))
    run = rig.steps(
        """
        - {id: s, run: echo started; sleep 0.5; echo finished}
        - {id: next, run: echo next}
        """,
        job="if: always()",
    ).expect("cancelled", a="success")
    assert "finished" in run.log
    assert run.jobs["a"].steps["next"].conclusion == "success"
    rig.sim.watch(cancel_during("a", line="going"))
    run = rig.steps("[{id: s, if: always(), run: echo going; sleep 1.5; echo finished}]")
    run.expect("cancelled", a="cancelled")
    assert "finished" in run.log
    assert run.jobs["a"].steps["s"].outcome == "success"


def test_when_the_runner_dies_nothing_runs_after_it(rig: Rig) -> None:
    rig.sim.watch(die_after("a"))
    run = rig.run(JOBS.replace("SLEEP", "true")).expect("died")
    assert set(run.jobs) <= {"a"}


def test_a_runner_that_dies_during_a_step_does_not_even_tidy_up(rig: Rig) -> None:
    rig.sim.watch(die_during("a", line="started"))
    began = time.monotonic()
    run = rig.run(JOBS.replace("SLEEP", "sleep 60")).expect("died")
    assert time.monotonic() - began < 30
    assert not run.jobs


def test_the_next_run_goes_on_after_one_that_died(rig: Rig) -> None:
    rig.sim.watch(die_after("a"))
    rig.run(JOBS.replace("SLEEP", "true")).expect("died")
    again = rig.sim.dispatch("w.yml")
    rig.sim.run_all()
    again.expect("success")


def test_the_world_may_change_between_two_jobs(rig: Rig) -> None:
    rig.sim.watch(after_job("a", lambda: rig.commit({"moved": "yes"})))
    run = rig.run(
        """
        jobs:
          a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}
          b:
            needs: a
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v7
                with: {ref: main}
              - run: test -f moved
              - uses: actions/checkout@v7
              - run: test ! -f moved
        """
    )
    run.expect()
