"""Jobs: order, conditions, results, matrices, permissions, secrets."""

from __future__ import annotations

import pytest

from rehearsal.engine.node import WorkflowError
from rehearsal.engine.tests.rig import Rig
from rehearsal.engine.tokens import Grant, Tokens

JOB = "runs-on: ubuntu-latest, steps: [{run: 'true'}]"


def test_a_failure_skips_what_needs_it_and_not_what_always_runs(rig: Rig) -> None:
    run = rig.run(
        """
        jobs:
          last: {needs: [a, b], if: always(), JOB}
          b: {needs: a, JOB}
          on_failure: {needs: b, if: failure(), JOB}
          a: {runs-on: ubuntu-latest, steps: [{run: exit 1}]}
        """.replace("JOB", JOB)
    )
    run.expect("failure", a="failure", b="skipped", last="success", on_failure="success")
    assert list(run.jobs) == ["a", "b", "last", "on_failure"]


def test_a_skipped_ancestor_skips_a_job_although_what_it_needs_succeeded(rig: Rig) -> None:
    run = rig.run(
        """
        jobs:
          a: {if: github.ref == 'nowhere', JOB}
          b: {needs: a, if: always(), JOB}
          c: {needs: b, JOB}
          d: {needs: b, if: "!cancelled() && needs.b.result == 'success'", JOB}
        """.replace("JOB", JOB)
    )
    run.expect("success", a="skipped", b="success", c="skipped", d="success")


def test_a_job_that_may_fail_counts_as_success(rig: Rig) -> None:
    rig.run(
        """
        jobs:
          a: {runs-on: ubuntu-latest, continue-on-error: true, steps: [{run: exit 1}]}
          b: {needs: a, JOB}
        """.replace("JOB", JOB)
    ).expect("success", a="failure", b="success")


def test_a_matrix_makes_jobs_and_stops_at_the_first_failure(rig: Rig) -> None:
    run = rig.run(
        """
        jobs:
          m:
            strategy: {matrix: {n: [1, 2, 3], include: [{n: 1, extra: more}]}}
            runs-on: ubuntu-latest
            steps: [{run: 'echo "$((3 - ${{ matrix.n }})) ${{ matrix.extra }}"; test ${{ matrix.n }} -ne 2'}]
          after: {needs: m, JOB}
        """.replace("JOB", JOB)
    )
    ends = {name: str(job.conclusion) for name, job in run.jobs.items()}
    assert ends == {
        "m (1, more)": "success", "m (2)": "failure", "m (3)": "cancelled", "after": "skipped",
    }  # fmt: skip
    assert "2 more" in run.log


def test_permissions_are_recorded_and_the_token_dies_with_its_job(rig: Rig) -> None:
    run = rig.run(
        """
        permissions: {}
        jobs:
          a:
            runs-on: ubuntu-latest
            permissions: {contents: write, id-token: write}
            steps: [{run: 'echo "${#TOKEN}"', env: {TOKEN: '${{ secrets.GITHUB_TOKEN }}'}}]
          b: {JOB}
        """.replace("JOB", JOB)
    ).expect()
    assert run.jobs["a"].permissions == {"contents": "write", "id-token": "write"}
    assert run.jobs["b"].permissions == {}
    assert "40" in run.log
    assert run.jobs["a"].token
    assert rig.sim.world.tokens.grant(run.jobs["a"].token) is None


def test_a_token_lives_while_its_job_runs(rig: Rig) -> None:
    grants = []

    def mint(grant: Grant) -> str:
        grants.append(grant)
        return "the-token"

    rig.sim.world.tokens = Tokens(mint)
    living = []
    rig.sim.watch(lambda moment: living.append(rig.sim.world.tokens.grant("the-token")))
    rig.steps("[{run: 'true'}]", job="permissions: {statuses: write}").expect()
    assert [(grant.job, grant.permissions) for grant in grants] == [("a", {"statuses": "write"})]
    assert set(living) == {grants[0]}


def test_secrets_are_masked_in_logs_and_never_leave_as_outputs(rig: Rig) -> None:
    rig.sim.world.secrets["KEY"] = "hunter2"
    run = rig.run(
        """
        jobs:
          a:
            runs-on: ubuntu-latest
            outputs: {leak: "${{ steps.s.outputs.leak }}", fine: "${{ steps.s.outputs.fine }}"}
            steps:
              - id: s
                run: |
                  echo "the key is $KEY"
                  echo "::add-mask::word-of-mine"
                  echo "and word-of-mine too"
                  echo "leak=x-$KEY" >> "$GITHUB_OUTPUT"
                  echo "fine=1" >> "$GITHUB_OUTPUT"
                env: {KEY: "${{ secrets.KEY }}"}
        """
    ).expect()
    assert "the key is ***" in run.log
    assert "and *** too" in run.log
    assert "hunter2" not in run.log
    assert run.jobs["a"].outputs == {"fine": "1"}
    assert "Skip output 'leak'" in run.annotations[-1].message


def test_an_environment_is_recorded_and_gives_its_own_secrets_and_vars(rig: Rig) -> None:
    rig.sim.world.environments["production"] = {"secrets": {"K": "of-production"}, "vars": {"V": "v1"}}
    run = rig.steps(
        """[{run: 'test "$K" = of-production && echo ${{ vars.V }}', env: {K: '${{ secrets.K }}'}}]""",
        job="environment: {name: production, url: 'https://x.invalid/${{ github.run_id }}'}",
    ).expect()
    assert run.jobs["a"].environment == {"name": "production", "url": f"https://x.invalid/{run.id}"}
    assert "v1" in run.log


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({"name": "x"}, 'x|true|3|"boolean"'),
        ({"name": "x", "flag": "false", "count": 7}, "x|false|7"),
    ],
)
def test_inputs_have_types_and_defaults(rig: Rig, given: dict[str, object], seen: str) -> None:
    run = rig.run(DISPATCH, given).expect()
    assert seen.split('|"')[0] in run.log
    assert run.jobs["flagged"].conclusion == ("skipped" if given.get("flag") == "false" else "success")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "`name` is required"),
        ({"name": "x", "nmae": "y"}, "`nmae` is not defined"),
        ({"name": "x", "flag": "maybe"}, "not true or false"),
        ({"name": "x", "kind": "c"}, "not one of a, b"),
        ({"name": "x", "count": "many"}, "not a number"),
    ],
)
def test_wrong_inputs_are_refused(rig: Rig, given: dict[str, object], told: str) -> None:
    with pytest.raises(WorkflowError, match=told):
        rig.run(DISPATCH, given)


DISPATCH = """
on:
  workflow_dispatch:
    inputs:
      name: {type: string, required: true}
      flag: {type: boolean, default: true}
      count: {type: number, default: 3}
      kind: {type: choice, options: [a, b], default: a}
jobs:
  a:
    runs-on: ubuntu-latest
    steps: [{run: 'echo "${{ inputs.name }}|${{ inputs.flag }}|${{ inputs.count }}"'}]
  flagged:
    if: inputs.flag && github.event.inputs.flag == 'true'
    runs-on: ubuntu-latest
    steps: [{run: 'true'}]
"""
