"""The checkout and what a job may push."""

from __future__ import annotations

import pytest

from rehearsal.engine.tests.rig import WORKFLOW, Rig

PUSH = """
- uses: actions/checkout@v7
  with: {persist-credentials: PERSIST}
- run: |
    git config user.name bot && git config user.email bot@users.noreply.invalid
    mkdir -p "$(dirname FILE)" && date > FILE && git add . && git commit --quiet -m change
    git push origin HEAD:refs/heads/from-job
"""
WRITE = "permissions: {contents: write}"


def push(rig: Rig, *, persist: str = "true", file: str = "made", job: str = WRITE) -> str:
    """Let a job push; what it said."""
    run = rig.steps(PUSH.replace("PERSIST", persist).replace("FILE", file), job=job)
    assert (run.conclusion == "success") is (rig.sim.world.remote.head("from-job") is not None)
    return run.log


def test_a_push_with_the_token_arrives_and_starts_nothing(rig: Rig) -> None:
    push(rig)
    assert rig.sim.world.remote.head("from-job")
    assert rig.sim.run_all() == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"persist": "false"}, "could not read Username"),
        ({"job": "permissions: {contents: read}"}, "403"),
        ({"file": ".github/workflows/x.yml"}, "without `workflows` permission"),
    ],
)
def test_a_push_that_github_would_refuse_is_refused(rig: Rig, options: dict[str, str], told: str) -> None:
    assert told in push(rig, **options)


def test_a_token_may_push_a_branch_that_holds_the_workflow_changes_of_others(rig: Rig) -> None:
    rig.commit({WORKFLOW: "on: push\njobs: {}\n", "a": "1"})
    push(rig)
    assert rig.sim.world.remote.head("from-job")


def test_the_token_is_masked_and_forgotten_when_the_job_ends(rig: Rig) -> None:
    run = rig.steps("[{uses: actions/checkout@v7}, {run: cat .git/config}]").expect()
    config = run.jobs["a"].workspace / ".git/config"  # type: ignore[operator]
    assert "AUTHORIZATION: basic ***" in run.log
    assert "AUTHORIZATION" not in config.read_text()


@pytest.mark.parametrize(("ref", "head"), [("other", "other"), ("v1", ""), ("SHA", "")])
def test_a_branch_a_tag_or_a_commit_is_checked_out_at_the_depth_asked_for(
    rig: Rig, ref: str, head: str
) -> None:
    rig.commit({"a": "1"}, branch="other")
    sha = rig.commit({"a": "2"}, branch="other")
    rig.git("tag", "v1")
    rig.git("push", "--quiet", "origin", "v1")
    rig.git("checkout", "--quiet", "-B", "main")
    for depth, commits in ((1, 1), (0, 2)):
        run = rig.steps(
            f"""
            - uses: actions/checkout@v7
              with: {{ref: {ref.replace("SHA", sha)}, fetch-depth: {depth}, path: sub}}
            - id: s
              working-directory: sub
              run: |
                echo "head=$(git rev-parse HEAD)" >> "$GITHUB_OUTPUT"
                echo "count=$(git rev-list --count HEAD)" >> "$GITHUB_OUTPUT"
                echo "branch=$(git symbolic-ref --quiet --short HEAD || true)" >> "$GITHUB_OUTPUT"
            """
        ).expect()
        assert run.jobs["a"].steps["s"].outputs == {"head": sha, "count": str(commits), "branch": head}
