"""Where GitHub refuses, skips or hides, the engine does: without that a rehearsal proves nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.engine.hooks import cancel_during
from rehearsal.engine.node import Node, WorkflowError
from rehearsal.engine.rig import SHORT, WORKFLOW, Rig, make_repository
from rehearsal.engine.sim import GitHubSim

JOB = "runs-on: ubuntu-latest, steps: [{run: 'true'}]"
PUSH = """
- uses: actions/checkout@v7
  with: {persist-credentials: PERSIST}
- run: |
    git config user.name bot && git config user.email bot@users.noreply.invalid
    mkdir -p "$(dirname FILE)" && date > FILE && git add . && git commit --quiet -m change
    git push origin HEAD:refs/heads/from-job
"""
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
AWS = """
- uses: aws-actions/configure-aws-credentials@v6
  with: {WITH, aws-region: eu-central-1}
- run: echo "$AWS_REGION $AWS_ACCESS_KEY_ID"; printenv AWS_SECRET_ACCESS_KEY | rev
"""


@pytest.fixture
def rig(tmp_path: Path, node: Node) -> Iterator[Rig]:
    """An empty repository under rehearsal."""
    remote, clone = make_repository(tmp_path)
    python = (Path(sys.executable).parent,)
    with GitHubSim(remote, tmp_path / "github", node=node, grace=SHORT, path=python) as sim:
        yield Rig(sim=sim, clone=clone)


def test_an_unknown_context_is_a_mistake(rig: Rig) -> None:
    with pytest.raises(WorkflowError, match="Unrecognized named-value: 'secrets'"):
        rig.run("jobs:\n  a:\n    runs-on: x\n    if: secrets.X\n    steps: [{run: 'true'}]\n")


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


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"PERSIST": "false"}, "could not read Username"),
        ({"contents: write": "contents: read"}, "403"),
        ({"FILE": ".github/workflows/x.yml"}, "without `workflows` permission"),
    ],
)
def test_a_push_that_github_would_refuse_is_refused(rig: Rig, options: dict[str, str], told: str) -> None:
    job, steps = "permissions: {contents: write}", PUSH
    for word, other in {"PERSIST": "true", "FILE": "made", **options}.items():
        job, steps = job.replace(word, other), steps.replace(word, other)
    assert told in rig.steps(steps, job=job).expect("failure").log
    assert rig.sim.world.remote.head("from-job") is None


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


def test_a_role_needs_the_permission_to_ask_for_a_token(rig: Rig) -> None:
    role = AWS.replace("WITH", "role-to-assume: 'arn:aws:iam::1:role/r'")
    rig.steps(role, job="permissions: {id-token: write}").expect()
    run = rig.steps(role, job="permissions: {contents: read}").expect("failure")
    assert "id-token" in run.annotations[0].message


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


def test_a_second_upload_of_a_name_fails_unless_it_overwrites(rig: Rig) -> None:
    steps = """
        - run: echo 1 > a
        - uses: actions/upload-artifact@v7
          with: {name: r, path: a}
        - run: echo 2 > a
        - uses: actions/upload-artifact@v7
          with: {name: r, path: a, overwrite: OVERWRITE}
        """
    run = rig.steps(steps.replace("OVERWRITE", "false")).expect("failure")
    assert "(409) Conflict" in run.annotations[0].message
    run = rig.steps(steps.replace("OVERWRITE", "true")).expect()
    assert (run.artifacts["r"].folder / "a").read_text() == "2\n"


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


def test_of_the_runs_that_wait_in_a_group_only_the_newest_stays_unless_it_says_so(rig: Rig) -> None:
    for setting, expected in (("{group: g}", 1), ("{group: g, queue: max}", 0)):
        rig.commit({WORKFLOW: f"on: workflow_dispatch\nconcurrency: {setting}\njobs:\n  a: {{{JOB}}}\n"})
        runs = [rig.sim.dispatch("w.yml") for _ in range(3)]
        rig.sim.run_all()
        assert [run.conclusion == "cancelled" for run in runs].count(True) == expected
