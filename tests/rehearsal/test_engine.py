"""Where GitHub refuses, skips or hides, the engine does: without that a rehearsal proves nothing."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.engine.hooks import cancel_during
from rehearsal.engine.node import Node, WorkflowError
from rehearsal.engine.process import Grace
from rehearsal.engine.results import Run
from rehearsal.engine.sim import GitHubSim
from rehearsal.stage import git
from wms.adapters.git.workspace import init_repository

JOB = "runs-on: ubuntu-latest, steps: [{run: 'true'}]"
WORKFLOW = ".github/workflows/w.yml"
CALLED = ".github/workflows/called.yml"
SHORT = Grace(interrupt_seconds=0.5, terminate_seconds=0.5)
PUSH = """
- uses: actions/checkout@v7
  with: {persist-credentials: false}
- run: |
    git config user.name bot && git config user.email bot@users.noreply.invalid
    mkdir -p "$(dirname FILE)" && date > FILE && git add . && git commit --quiet -m change
    header="AUTHORIZATION: basic $(printf x:%s "$TOKEN" | base64 --wrap 0)"
    git OPTION push origin HEAD:refs/heads/from-job
  env: {TOKEN: "${{ github.token }}"}
"""
CALLER = """
on: workflow_dispatch
permissions: {}
jobs:
  call:
    uses: ./.github/workflows/called.yml
    permissions: {contents: read}
    with: {sha: "${{ github.sha }}"}
"""
CALLEE = """
on:
  workflow_call:
    inputs:
      sha: {type: string, required: true}
jobs:
  inner:
    permissions: {contents: read}
    runs-on: ubuntu-latest
    steps: [{run: 'test ${{ inputs.sha }} = "$GITHUB_SHA"'}]
"""
DISPATCH = """
on:
  workflow_dispatch:
    inputs:
      name: {type: string, required: true}
      flag: {type: boolean, default: true}
      kind: {type: choice, options: [a, b], default: a}
jobs:
  a:
    runs-on: ubuntu-latest
    steps: [{run: 'true'}]
"""
AWS = """
- uses: aws-actions/configure-aws-credentials@v6
  with: {role-to-assume: 'arn:aws:iam::1:role/r', aws-region: eu-central-1}
"""


@dataclass(frozen=True, kw_only=True)
class Rig:
    """One repository under rehearsal."""

    sim: GitHubSim
    clone: Path

    def commit(self, files: dict[str, str]) -> None:
        """Commit files on main and push it straight to the remote, unannounced."""
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "--allow-empty", "-m", "files")
        git(self.clone, "push", "--quiet", "origin", "main")

    def run(self, workflow: str, inputs: dict[str, object] | None = None, **files: str) -> Run:
        """Commit one workflow that is dispatched, and run it."""
        text = textwrap.dedent(workflow)
        if not text.lstrip().startswith("on:"):
            text = "on: workflow_dispatch\n" + text
        self.commit({WORKFLOW: text, **files})
        run = self.sim.dispatch("w.yml", inputs)
        self.sim.run_all()
        return run

    def steps(self, steps: str, *, job: str = "", **files: str) -> Run:
        """Run the steps of one job called `a`."""
        body = textwrap.indent(textwrap.dedent(steps), "      ")
        return self.run(f"jobs:\n  a:\n    runs-on: ubuntu-latest\n    {job}\n    steps:\n{body}", **files)


@pytest.fixture
def rig(tmp_path: Path, node: Node) -> Iterator[Rig]:
    """An empty repository under rehearsal."""
    remote, clone = tmp_path / "remote.git", tmp_path / "clone"
    init_repository(clone, remote, {}, message="Empty")
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
        ({"name": "x", "flag": "maybe"}, "not one of true, false"),
        ({"name": "x", "kind": "c"}, "not one of a, b"),
    ],
)
def test_wrong_inputs_are_refused(rig: Rig, given: dict[str, object], told: str) -> None:
    with pytest.raises(WorkflowError, match=told):
        rig.run(DISPATCH, given)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("sha:", "shaa:"), "`shaa` is not defined"),
        (('with: {sha: "${{ github.sha }}"}', ""), "`sha` is required"),
        (("permissions: {contents: read}", "permissions: {}"), "asks for `contents: read`"),
        (("called.yml", "absent.yml"), "there is no .github/workflows/absent.yml"),
    ],
)
def test_a_call_that_github_would_not_start_is_an_error(rig: Rig, change: tuple[str, str], told: str) -> None:
    with pytest.raises(WorkflowError, match=told):
        rig.run(CALLER.replace(*change), **{CALLED: CALLEE})


@pytest.mark.parametrize(
    ("job", "told"),
    [
        ("{strategy: {matrix: {n: [1]}}, JOB}", "`strategy` is not defined"),
        ("{runs-on: x, steps: [{run: 'true', continue-on-error: true}]}", "`continue-on-error` is not"),
        ("{runs-on: x, steps: [{run: 'echo ${{ runner.temp }}'}]}", "Unrecognized named-value: 'runner'"),
    ],
)
def test_what_the_rehearsal_leaves_out_is_an_error(rig: Rig, job: str, told: str) -> None:
    with pytest.raises((WorkflowError, AssertionError), match=told):
        rig.run(f"jobs:\n  a: {job.replace('JOB', JOB)}\n").expect()


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
        ({"OPTION": ""}, "could not read Username"),
        ({"contents: write": "contents: read"}, "403"),
        ({"FILE": ".github/workflows/x.yml"}, "without `workflows` permission"),
    ],
)
def test_a_push_that_github_would_refuse_is_refused(rig: Rig, options: dict[str, str], told: str) -> None:
    job, steps = "permissions: {contents: write}", PUSH
    with_token = '-c "http.extraheader=$header"'
    for word, other in {"OPTION": with_token, "FILE": "made", **options}.items():
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
            steps: [{run: 'echo "${#TOKEN}"', env: {TOKEN: '${{ github.token }}'}}]
          b: {JOB}
        """.replace("JOB", JOB)
    ).expect()
    assert run.jobs["a"].permissions == {"contents": "write", "id-token": "write"}
    assert run.jobs["b"].permissions == {}
    assert "40" in run.log
    assert run.jobs["a"].token
    assert rig.sim.world.tokens.grant(run.jobs["a"].token) is None


def test_a_role_needs_the_permission_to_ask_for_a_token(rig: Rig) -> None:
    rig.steps(AWS, job="permissions: {id-token: write}").expect()
    run = rig.steps(AWS, job="permissions: {contents: read}").expect("failure")
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
          with: {name: r, path: a, if-no-files-found: error, retention-days: 3}
        - run: echo 2 > a
        - uses: actions/upload-artifact@v7
          with: {name: r, path: a, if-no-files-found: error, retention-days: 3, overwrite: OVERWRITE}
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
        f"- {{uses: actions/checkout@v7, with: {{persist-credentials: false}}}}\n"
        f"- {{id: s, run: {prefix}python slow.py}}",
        **{"slow.py": program},
    ).expect("cancelled")
    assert ("heard" in run.jobs["a"].steps["s"].log) is heard


def test_of_the_runs_that_wait_in_a_group_only_the_newest_stays_unless_it_says_so(rig: Rig) -> None:
    for setting, expected in (("{group: g}", 1), ("{group: g, queue: max}", 0)):
        rig.commit({WORKFLOW: f"on: workflow_dispatch\nconcurrency: {setting}\njobs:\n  a: {{{JOB}}}\n"})
        runs = [rig.sim.dispatch("w.yml") for _ in range(3)]
        rig.sim.run_all()
        assert [run.conclusion == "cancelled" for run in runs].count(True) == expected
