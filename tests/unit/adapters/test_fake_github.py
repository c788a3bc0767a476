"""The stand-in for GitHub itself: the refusals that other tests rely on."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from fakes.github import FakeGitHub
from forges import REPOSITORY, Author, forge_on

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


READS = {
    "pulls": "pull_requests=read",
    "statuses/main": "statuses=read",
    "commits/main/check-runs": "checks=read",
    "actions/runs": "actions=read",
    "git/ref/heads/main": "contents=read",
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
