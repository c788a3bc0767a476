"""Stand-ins of actions, local composite actions, and what is no action at all."""

from __future__ import annotations

import pytest

from rehearsal.engine.actions.base import Action, ActionCall, ActionFailure, UnknownActionError
from rehearsal.engine.tests.rig import WORKFLOW, Rig

COMPOSITE = """
name: Greet
description: Says hello.
inputs:
  who: {description: whom, required: true}
  mark: {description: how, default: "!"}
outputs:
  said: {description: what was said, value: "${{ steps.say.outputs.said }}"}
runs:
  using: composite
  steps:
    - id: say
      shell: bash
      run: |
        echo "said=hello $WHO${{ inputs.mark }}" >> "$GITHUB_OUTPUT"
        echo "GREETED=yes" >> "$GITHUB_ENV"
        echo "$EXTRA" >> "$GITHUB_STEP_SUMMARY"
        test -f "$GITHUB_ACTION_PATH/action.yml"
      env: {WHO: "${{ inputs.who }}"}
    - {shell: bash, if: failure(), run: echo "it failed"}
"""


def test_a_local_composite_action_runs_from_the_checkout(rig: Rig) -> None:
    run = rig.steps(
        """
        - uses: actions/checkout@v7
        - uses: ./.github/actions/greet
          id: greet
          with: {who: Ann}
          env: {EXTRA: from the caller}
        - run: echo "${{ steps.greet.outputs.said }} $GREETED [${{ steps.say.outputs.said }}]"
        """,
        **{".github/actions/greet/action.yml": COMPOSITE},
    ).expect()
    assert "hello Ann! yes []" in run.log
    assert run.summary.strip() == "from the caller"


def test_a_step_that_fails_in_a_composite_action_fails_it(rig: Rig) -> None:
    broken = COMPOSITE.replace("test -f", "test ! -f")
    run = rig.steps(
        """
        - uses: actions/checkout@v7
        - {uses: ./.github/actions/greet, id: greet, with: {who: Ann}}
        """,
        **{".github/actions/greet/action.yml": broken},
    ).expect("failure")
    assert "it failed" in run.jobs["a"].steps["greet"].log


def test_a_local_action_needs_a_checkout(rig: Rig) -> None:
    run = rig.steps(
        "[{uses: ./.github/actions/greet, with: {who: x}}]",
        **{".github/actions/greet/action.yml": COMPOSITE},
    ).expect("failure")
    assert "Did you forget to run actions/checkout" in run.annotations[0].message


def test_a_stand_in_of_ones_own_takes_the_place_of_any_action(rig: Rig) -> None:
    def greet(call: ActionCall) -> None:
        call.outputs["said"] = f"hello {call.inputs['who']}"
        call.export("GREETED", call.env["MOOD"])

    rig.sim.world.actions["./.github/actions/greet"] = Action(run=greet, inputs={"who": None})
    run = rig.steps(
        """
        - {uses: ./.github/actions/greet, id: greet, with: {who: Bob}, env: {MOOD: well}}
        - run: echo "${{ steps.greet.outputs.said }} $GREETED"
        """
    ).expect()
    assert "hello Bob well" in run.log


def test_an_unknown_action_is_an_error_before_anything_runs(rig: Rig) -> None:
    with pytest.raises(UnknownActionError, match=rf"{WORKFLOW}:\d+: some/action@v1 has no stand-in"):
        rig.steps("[{run: 'true'}, {uses: some/action@v1}]")


def test_an_unknown_input_is_an_error(rig: Rig) -> None:
    with pytest.raises(UnknownActionError, match="actions/checkout has no input fetch-deep"):
        rig.steps("[{uses: actions/checkout@v7, with: {fetch-deep: 0}}]")


def test_an_action_that_fails_fails_its_step(rig: Rig) -> None:
    def fail(call: ActionCall) -> None:
        raise ActionFailure("no luck")

    rig.sim.world.actions["some/action"] = Action(run=fail)
    run = rig.steps("[{uses: some/action@v1}]").expect("failure")
    assert run.annotations[0].message == "no luck"


AWS = """
- uses: aws-actions/configure-aws-credentials@v6
  with: {WITH, aws-region: eu-central-1}
- run: echo "$AWS_REGION $AWS_ACCESS_KEY_ID"; printenv AWS_SECRET_ACCESS_KEY | rev
"""


def test_aws_credentials_reach_the_later_steps_masked(rig: Rig) -> None:
    run = rig.steps(AWS.replace("WITH", "aws-access-key-id: AKIAX, aws-secret-access-key: abcdef")).expect()
    assert "eu-central-1 ***" in run.log
    assert "fedcba" in run.log


def test_a_role_needs_the_permission_to_ask_for_a_token(rig: Rig) -> None:
    role = AWS.replace("WITH", "role-to-assume: 'arn:aws:iam::1:role/r'")
    rig.steps(role, job="permissions: {id-token: write}").expect()
    run = rig.steps(role, job="permissions: {contents: read}").expect("failure")
    assert "id-token" in run.annotations[0].message


def test_attestation_needs_its_files_and_permissions(rig: Rig) -> None:
    steps = "[{run: echo 1 > model}, {uses: actions/attest@v4, with: {subject-path: PATH}}]"
    job = "permissions: {id-token: write, attestations: write}"
    rig.steps(steps.replace("PATH", "model"), job=job).expect()
    rig.steps(steps.replace("PATH", "other"), job=job).expect("failure")
    rig.steps(steps.replace("PATH", "model")).expect("failure")


def test_a_cache_is_saved_by_a_job_that_succeeds_and_restored_by_key_or_prefix(rig: Rig) -> None:
    steps = """
        - uses: actions/cache@v5
          id: cache
          with: {path: "~/kept\\ncached", key: "k-SUFFIX", restore-keys: k-}
        - run: echo "hit=${{ steps.cache.outputs.cache-hit }} $(cat ~/kept cached/x | xargs)"
        - run: mkdir -p cached; echo 1 > ~/kept; echo 2 > cached/x; END
        """
    rig.steps(steps.replace("SUFFIX", "0").replace("END", "exit 1")).expect("failure")
    first = rig.steps(steps.replace("SUFFIX", "1").replace("END", "true")).expect()
    assert "Cache not found for k-1" in first.log
    assert "hit=true 1 2" in rig.steps(steps.replace("SUFFIX", "1").replace("END", "true")).expect().log
    assert "hit=false 1 2" in rig.steps(steps.replace("SUFFIX", "2").replace("END", "true")).expect().log


def test_tools_that_are_set_up_are_those_of_this_machine(rig: Rig) -> None:
    run = rig.steps(
        """
        - {uses: actions/setup-python@v7, id: python, with: {python-version: '3.11'}}
        - {uses: astral-sh/setup-uv@v10}
        - run: uv --version && test -x "${{ steps.python.outputs.python-path }}"
        """
    )
    run.expect()
