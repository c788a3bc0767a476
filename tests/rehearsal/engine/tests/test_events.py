"""What starts a run, and of which commit."""

from __future__ import annotations

import pytest

from rehearsal.engine.filters import included
from rehearsal.engine.node import WorkflowError
from rehearsal.engine.tests.rig import WORKFLOW, Rig

ON_DATA = """
on:
  push: {branches: ['data/**'], paths: ['WMS/**', '!WMS/notes/**']}
jobs:
  a:
    runs-on: ubuntu-latest
    steps: [{run: 'echo "VERSION ${{ github.ref_name }} ${{ github.event.before }}"'}]
"""

SCHEDULED = """
on: {schedule: [{cron: '0 4 * * *'}]}
jobs:
  a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}
"""


@pytest.mark.parametrize(
    ("patterns", "yes", "no"),
    [
        (["data/**"], ["data/a", "data/a/b"], ["data", "mydata/a"]),
        (["data/*"], ["data/a"], ["data/a/b"]),
        (["**"], ["a", "a/b"], []),
        (["v[12].?x+"], ["v1.xx", "v2x"], ["v3.x"]),
        (["**/*.py"], ["a.py", "x/y/a.py"], ["a.pyc"]),
        (["main", "!main"], [], ["main"]),
        (["rel/**", "!rel/**-alpha"], ["rel/1"], ["rel/1-alpha"]),
    ],
)
def test_filters_match_as_on_github(patterns: list[str], yes: list[str], no: list[str]) -> None:
    assert [included(patterns, value) for value in yes] == [True] * len(yes)
    assert [included(patterns, value) for value in no] == [False] * len(no)


def test_a_push_starts_what_its_branch_and_paths_match(rig: Rig) -> None:
    rig.commit({WORKFLOW: ON_DATA.replace("VERSION", "of-main")})
    assert rig.sim.push("main") == []
    rig.commit({"WMS/a": "1", WORKFLOW: ON_DATA.replace("VERSION", "of-branch")}, branch="data/one")
    (run,) = rig.sim.push("data/one")
    rig.sim.run_all()
    assert f"of-branch data/one {'0' * 40}" in run.expect().log
    before = run.sha
    rig.commit({"README": "1", "WMS/notes/x": "1"}, branch="data/one")
    assert rig.sim.push("data/one") == []
    rig.commit({"WMS/b": "1"}, branch="data/one")
    (run,) = rig.sim.push("data/one")
    assert run.sha != before


def test_a_run_is_about_the_commit_that_was_pushed_although_the_branch_moves(rig: Rig) -> None:
    text = """
        on: {push: {branches: [main]}}
        jobs:
          a:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v7
                with: {fetch-depth: DEPTH}
              - run: test -f first && test ! -f second && test "$(git symbolic-ref --short HEAD)" = main
        """
    for depth in ("1", "0"):
        rig.commit({WORKFLOW: text.replace("DEPTH", depth), "first": depth})
        (run,) = rig.sim.push("main")
        rig.commit({"second": depth})
        rig.sim.run_all()
        run.expect()
        rig.git("rm", "--quiet", "second")


def test_a_dispatch_takes_the_workflow_of_the_default_branch(rig: Rig) -> None:
    text = "on: workflow_dispatch\njobs:\n  a: {runs-on: x, steps: [{run: echo VERSION}]}\n"
    rig.commit({WORKFLOW: text.replace("VERSION", "of-main")})
    rig.commit({WORKFLOW: text.replace("VERSION", "of-branch")}, branch="other")
    main, other = rig.sim.dispatch("w.yml"), rig.sim.dispatch("w.yml", ref="other")
    rig.sim.run_all()
    assert "of-main" in main.expect().log
    assert "of-branch" in other.expect().log


def test_what_cannot_be_dispatched_is_refused(rig: Rig) -> None:
    rig.commit({WORKFLOW: ON_DATA})
    with pytest.raises(WorkflowError, match="no `workflow_dispatch` trigger"):
        rig.sim.dispatch("w.yml")
    with pytest.raises(WorkflowError, match=r"there is no \.github/workflows/absent\.yml"):
        rig.sim.dispatch("absent.yml")


def test_a_schedule_starts_what_listens_to_it(rig: Rig) -> None:
    rig.commit({WORKFLOW: SCHEDULED})
    (run,) = rig.sim.event("schedule")
    rig.sim.run_all()
    assert run.expect().event == "schedule"


def test_a_run_again_is_a_new_attempt_with_the_old_artifacts(rig: Rig) -> None:
    steps = """
        - run: echo "attempt $GITHUB_RUN_ATTEMPT" > a
        - uses: actions/upload-artifact@v7
          with: {name: "r-${{ github.run_attempt }}", path: a}
        - run: test "$GITHUB_RUN_ATTEMPT" = 2
        """
    run = rig.steps(steps).expect("failure")
    again = rig.sim.rerun(run)
    rig.sim.run_all()
    again.expect("success")
    assert again.id == run.id
    assert [artifact.name for artifact in again.artifacts] == ["r-1", "r-2"]
