"""Reusable workflows: inputs, secrets, outputs, permissions, and groups held by the caller."""

from __future__ import annotations

import pytest

from rehearsal.engine.node import WorkflowError
from rehearsal.engine.tests.rig import Rig

CALLED = ".github/workflows/called.yml"
CALLER = """
on: workflow_dispatch
concurrency: {group: mine, queue: max}
permissions: {}
jobs:
  call:
    uses: ./.github/workflows/called.yml
    permissions: {contents: read}
    with: {sha: "${{ github.sha }}", full: true}
    secrets: {KEY: "${{ secrets.OUTER }}"}
  after:
    needs: call
    runs-on: ubuntu-latest
    steps: [{run: 'echo "called: ${{ needs.call.outputs.answer }} ${{ needs.call.result }}"'}]
"""
CALLEE = """
on:
  workflow_call:
    inputs:
      sha: {type: string, required: true}
      full: {type: boolean, default: false}
      times: {type: number, default: 2}
    secrets:
      KEY: {required: true}
    outputs:
      answer: {value: "${{ jobs.inner.outputs.answer }}"}
jobs:
  inner:
    if: inputs.full
    runs-on: ubuntu-latest
    permissions: {contents: read}
    outputs: {answer: "${{ steps.s.outputs.answer }}"}
    env: {KEY: "${{ secrets.KEY }}", OTHER: "${{ secrets.OUTER }}"}
    steps:
      - id: s
        run: echo "answer=${#KEY}:${#OTHER}:${{ inputs.times }}:$SAME" >> "$GITHUB_OUTPUT"
        env: {SAME: "${{ inputs.sha == github.sha }}"}
  other:
    if: ${{ !inputs.full }}
    runs-on: ubuntu-latest
    steps: [{run: 'true'}]
"""


def test_a_call_passes_inputs_and_secrets_and_gives_outputs_back(rig: Rig) -> None:
    rig.sim.world.secrets["OUTER"] = "12345"
    run = rig.run(CALLER, **{CALLED: CALLEE}).expect("success", call="success")
    assert "called: 5:0:2:true success" in run.log
    assert run.jobs["call/inner"].permissions == {"contents": "read"}
    assert run.jobs["call/other"].conclusion == "skipped"


def test_a_failure_in_a_called_workflow_is_the_calls(rig: Rig) -> None:
    rig.sim.world.secrets["OUTER"] = "12345"
    callee = CALLEE.replace("- id: s", "- run: exit 1\n      - id: s")
    rig.run(CALLER, **{CALLED: callee}).expect("failure", call="failure", after="skipped")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("sha:", "shaa:"), "`shaa` is not defined"),
        (('sha: "${{ github.sha }}", ', ""), "`sha` is required"),
        (('secrets: {KEY: "${{ secrets.OUTER }}"}', ""), "secret `KEY` is required"),
        (("permissions: {contents: read}", "permissions: {}"), "asks for `contents: read`"),
        (("called.yml", "absent.yml"), "there is no .github/workflows/absent.yml"),
    ],
)
def test_a_call_that_github_would_not_start_is_an_error(rig: Rig, change: tuple[str, str], told: str) -> None:
    rig.sim.world.secrets["OUTER"] = "12345"
    with pytest.raises(WorkflowError, match=told):
        rig.run(CALLER.replace(*change), **{CALLED: CALLEE})


def test_inherited_secrets_are_all_of_the_callers(rig: Rig) -> None:
    rig.sim.world.secrets.update(OUTER="12345", KEY="123")
    inherit = CALLER.replace('secrets: {KEY: "${{ secrets.OUTER }}"}', "secrets: inherit")
    assert "called: 3:5:2" in rig.run(inherit, **{CALLED: CALLEE}).expect().log


def test_a_call_into_the_callers_own_group_is_cancelled_as_a_deadlock(rig: Rig) -> None:
    rig.sim.world.secrets["OUTER"] = "12345"
    callee = CALLEE.replace("jobs:\n  inner", "concurrency: mine\njobs:\n  inner")
    run = rig.run(CALLER, **{CALLED: callee}).expect("cancelled", call="cancelled", after="skipped")
    assert "deadlock" in run.annotations[0].message


def test_a_called_workflow_is_that_of_the_runs_commit(rig: Rig) -> None:
    rig.sim.world.secrets["OUTER"] = "12345"
    rig.commit({".github/workflows/w.yml": CALLER, CALLED: CALLEE})
    run = rig.sim.dispatch("w.yml")
    rig.commit({CALLED: CALLEE.replace("default: 2", "default: 9")})
    rig.sim.run_all()
    assert "called: 5:0:2:true" in run.expect().log
