"""Expressions are GitHub's own; what is tested here is what the engine gives them."""

from __future__ import annotations

import pytest

from rehearsal.engine.node import WorkflowError
from rehearsal.engine.tests.rig import WORKFLOW, Rig


def test_a_mistake_in_a_workflow_is_told_with_file_and_line(rig: Rig) -> None:
    with pytest.raises(WorkflowError, match=r"\.github/workflows/w\.yml:5:\d+: Unexpected value 'stepz'"):
        rig.run("jobs:\n  a:\n    runs-on: x\n    stepz: []\n")


def test_an_unknown_context_is_a_mistake(rig: Rig) -> None:
    with pytest.raises(WorkflowError, match="Unrecognized named-value: 'secrets'"):
        rig.run("jobs:\n  a:\n    runs-on: x\n    if: secrets.X\n    steps: [{run: 'true'}]\n")


def test_functions_work_on_contexts(rig: Rig) -> None:
    run = rig.steps(
        """
        - run: echo "${{ format('{0}-{1}', github.event_name, github.ref_name) }}"
        - run: echo "${{ contains(fromJSON('["x", "y"]'), 'y') }} ${{ join(fromJSON('[1, 2]'), '+') }}"
        - run: echo "${{ fromJSON('[1.50]')[0] }} ${{ startsWith('abc', 'AB') }} [${{ github.nothing }}]"
        """
    ).expect()
    assert run.jobs["a"].log.splitlines() == ["workflow_dispatch-main", "true 1+2", "1.5 true []"]


def test_the_github_context_and_the_environment_agree(rig: Rig) -> None:
    run = rig.steps(
        """
        - run: test "$GITHUB_RUN_ID" = "${{ github.run_id }}" && test "$GITHUB_WORKSPACE" = "$PWD"
        - run: test "$GITHUB_REPOSITORY" = "${{ github.repository }}" && test -z "$GITHUB_TOKEN"
        - run: test "$CI" = true && test "$GITHUB_API_URL" = "${{ github.api_url }}"
        - run: test "$GITHUB_ACTOR" = octocat && test "$RUNNER_TEMP" = "${{ runner.temp }}"
        - run: python3 -c 'import json, os; assert json.load(open(os.environ["GITHUB_EVENT_PATH"]))["sender"]'
        """
    )
    run.expect()


def test_files_are_hashed_from_the_workspace(rig: Rig) -> None:
    run = rig.steps(
        """
        - run: echo one > a.lock; echo two > b.lock
        - id: both
          run: echo "hash=${{ hashFiles('**/*.lock') }}" >> "$GITHUB_OUTPUT"
        - id: one
          run: echo "hash=${{ hashFiles('a.lock') }}" >> "$GITHUB_OUTPUT"
        - id: none
          run: echo "hash=${{ hashFiles('c.lock') }}" >> "$GITHUB_OUTPUT"
        """
    ).expect()
    steps = run.jobs["a"].steps
    hashes = [steps[name].outputs["hash"] for name in ("both", "one", "none")]
    assert len({*hashes}) == 3
    assert [len(text) for text in hashes] == [64, 64, 0]


def test_an_expression_is_put_into_a_script_as_text(rig: Rig) -> None:
    run = rig.steps("""[{run: 'echo ${{ github.event.inputs.x || ''a; echo injected'' }}'}]""").expect()
    assert run.jobs["a"].log == "a\ninjected"


def test_vars_are_seen_and_missing_ones_are_empty(rig: Rig) -> None:
    rig.sim.world.vars["RUNNER"] = "big"
    run = rig.run(
        """
        jobs:
          a:
            runs-on: ${{ vars.RUNNER || 'ubuntu-latest' }}
            steps: [{run: 'echo "[${{ vars.OTHER }}]"'}]
        """
    ).expect()
    assert run.jobs["a"].runs_on == "big"
    assert "[]" in run.log


def test_an_expression_that_fails_fails_its_step(rig: Rig) -> None:
    run = rig.steps("[{run: 'echo ${{ fromJSON(github.sha) }}'}]").expect("failure")
    assert f"{WORKFLOW}:" in run.annotations[0].message
