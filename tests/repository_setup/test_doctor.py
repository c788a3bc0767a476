"""`wms github doctor` and the warning of `wms data push`, with the real gh, against the stand-in."""

from __future__ import annotations

import json

import pytest

from fakes.github import FakeGitHub
from repository_setup.conftest import REPOSITORY, wms
from wms.cli.push import _warn_if_public


def test_a_repository_that_is_not_set_up_lacks_what_a_run_needs(github: FakeGitHub) -> None:
    found = wms("github", "doctor", "--json")
    assert found.exit_code == 43
    told = json.loads(found.stdout)
    assert [(row["area"], row["name"]) for row in told["rows"] if row["result"] == "missing"] == [
        ("token", "can_approve_pull_request_reviews")
    ]
    assert "token can_approve_pull_request_reviews" in told["error"]["message"]
    assert not [request for request in github.requests if not request.startswith("GET ")]


def test_what_is_seen_of_state_runs_and_checks(github: FakeGitHub) -> None:
    github.settings.actions_may_open_pull_requests = True
    github.git.run("update-ref", "refs/wms/state", "main")
    main = github.git.tip("main")
    github.check_runs.append({"id": 1, "name": "ci", "head_sha": main, "conclusion": "success"})
    found = wms("github", "doctor", "--json")
    assert found.exit_code == 0, found.output
    rows = {(row["area"], row["name"]): row for row in json.loads(found.stdout)["rows"]}
    assert rows["state", "refs/wms/state"]["found"] == "0 MiB"
    assert rows["ci", "tip of main"]["result"] == "ok"
    assert rows["workflow", "ci.yml"]["result"] == "ok"


def test_a_person_who_may_only_read_sees_what_is_hidden_from_him(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", github.new_token("ann", "user", {"contents": "read"}))
    found = wms("github", "doctor", "--json")
    rows = json.loads(found.stdout)["rows"]
    hidden = {row["area"] for row in rows if row["result"] == "not visible"}
    assert {"actions", "token", "AWS", "repository"} <= hidden


def test_a_rate_limit_is_an_error_and_hides_nothing(github: FakeGitHub) -> None:
    headers = {"X-RateLimit-Reset": "99999999999"}
    github.fail_next(1, message="API rate limit exceeded for user ID 1.", headers=headers, path="/labels")
    found = wms("github", "doctor")
    assert found.exit_code == 67
    assert "rate limit" in found.output


@pytest.mark.parametrize(
    ("private", "known", "warned"), [(False, False, True), (False, True, False), (True, False, False)]
)
def test_who_pushes_photographs_to_a_public_repository_is_warned_until_he_says_that_he_knows(
    private: bool, known: bool, warned: bool, github: FakeGitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    github.settings.private = private
    if known:
        github.variables["WMS_PHOTOGRAPHS_ARE_PUBLIC"] = "true"
    _warn_if_public(REPOSITORY)
    assert ("is public, and so are these photographs" in capsys.readouterr().out) == warned


def test_who_is_not_signed_in_is_not_held_up(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GH_TOKEN")
    _warn_if_public(REPOSITORY)
    assert capsys.readouterr().out == ""
