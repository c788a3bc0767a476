"""`wms github setup` with the real gh, against the stand-in for GitHub."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result

from fakes.github import FakeGitHub
from repository_setup.conftest import REPOSITORY, wms

VARIABLES = ("--variable", "WMS_ENVIRONMENT=dev", "--variable", "AWS_REGION=us-east-1")
ROLE = "arn:aws:iam::123456789012:role/wms-dev-workflows"
SECRET = "do-not-show-this"


def setup(*words: str) -> Result:
    return wms("github", "setup", *words)


def require_refused(*says: str) -> None:
    done = setup()
    assert done.exit_code == 67
    assert [words for words in says if words not in done.output] == []


def changes(github: FakeGitHub) -> list[str]:
    """The requests that were no questions."""
    return [request for request in github.requests if not request.startswith("GET ")]


def row(result: Result, area: str, name: str) -> str:
    rows = json.loads(result.stdout)["rows"]
    [found] = [each["result"] for each in rows if (each["area"], each["name"]) == (area, name)]
    return str(found)


def test_a_new_repository_gets_all_of_it_and_the_doctor_s_table(github: FakeGitHub) -> None:
    done = setup(*VARIABLES, "--variable", f"AWS_ROLE_ARN={ROLE}")
    assert done.exit_code == 0, done.output
    [ruleset] = github.rulesets.values()
    assert [rule["type"] for rule in ruleset["rules"]] == [
        "deletion", "non_fast_forward", "required_status_checks",
    ]  # fmt: skip
    assert github.settings.default_workflow_permissions == "read"
    assert github.settings.actions_may_open_pull_requests
    assert {"promotion", "rollback", "wrong-mask", "dependencies"} <= set(github.labels)
    assert github.variables == {"WMS_ENVIRONMENT": "dev", "AWS_REGION": "us-east-1", "AWS_ROLE_ARN": ROLE}
    assert "created ruleset main" in done.stdout
    assert "missing" not in done.stdout.split("found: what to do")[1]


def test_a_second_time_nothing_is_changed(github: FakeGitHub) -> None:
    setup(*VARIABLES)
    github.requests.clear()
    again = setup("--json", *VARIABLES)
    assert changes(github) == []
    assert json.loads(again.stdout)["changes"] == []
    assert row(again, "ruleset", "main") == "ok"


def test_a_dry_run_shows_every_change_and_makes_none(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)
    words = (*VARIABLES, "--secret", "AWS_SESSION_TOKEN", "--no-pictures-in-reports")
    dry = setup("--dry-run", "--json", *words)
    assert changes(github) == []
    planned = json.loads(dry.stdout)["changes"]
    assert {each["kind"] for each in planned} == {
        "ruleset", "workflow permissions", "label", "variable", "secret",
    }  # fmt: skip
    assert row(dry, "ruleset", "main") == "warning", "the table shows how it is now"
    assert "would create ruleset main" in setup("--dry-run", *words).stdout
    assert json.loads(setup("--json", *words).stdout)["changes"] == planned
    assert changes(github)


def test_what_differs_is_changed_back_and_what_is_more_is_left(github: FakeGitHub) -> None:
    setup()
    [number] = github.rulesets
    github.rulesets[number]["rules"].pop()
    github.rulesets[77] = {**github.rulesets[number], "id": 77, "name": "somebody's own", "rules": []}
    github.labels["mine"] = {"name": "mine", "color": "000000", "description": ""}
    github.labels["Bug"] = {**github.labels.pop("bug"), "name": "Bug", "color": "FFFFFF"}
    github.settings.delete_branch_on_merge = True
    again = setup("--json")
    assert again.exit_code == 0, again.output
    assert len(github.rulesets[number]["rules"]) == 3
    assert set(github.rulesets) == {number, 77}
    assert github.labels["bug"]["color"] == "d73a4a"
    assert "mine" in github.labels
    assert github.settings.delete_branch_on_merge is False
    assert ("ruleset", "change") in [
        (each["kind"], each["verb"]) for each in json.loads(again.stdout)["changes"]
    ]


def test_a_secret_arrives_sealed_and_is_never_shown(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)
    for extra in ((), ("--json",), ("--dry-run",)):
        done = setup("--secret", "AWS_SESSION_TOKEN", *extra)
        assert done.exit_code == 0, done.output
        assert SECRET not in done.output
    assert github.secret("AWS_SESSION_TOKEN") == SECRET


def test_a_secret_that_is_set_is_written_anew_when_given_and_left_when_not(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "old")
    setup("--secret", "AWS_SESSION_TOKEN")
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)
    setup()
    assert github.secret("AWS_SESSION_TOKEN") == "old"
    again = setup("--json", "--secret", "AWS_SESSION_TOKEN")
    assert [each["verb"] for each in json.loads(again.stdout)["changes"]] == ["change"]
    assert github.secret("AWS_SESSION_TOKEN") == SECRET


def test_a_variable_is_taken_from_the_environment_only_when_named(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    setup()
    assert github.variables == {}
    setup("--variable", "AWS_REGION")
    assert github.variables == {"AWS_REGION": "eu-central-1"}


def test_a_private_repository_without_branch_rules_gets_everything_else(github: FakeGitHub) -> None:
    github.settings.private, github.settings.rulesets_available = True, False
    done = setup("--json")
    assert done.exit_code == 0, done.output
    assert row(done, "ruleset", "main") == "ok"
    assert github.settings.actions_may_open_pull_requests


def test_whether_reports_show_photographs_is_one_line_of_the_clone(github: FakeGitHub) -> None:
    path = Path("WMS/configs/report.yaml")
    path.write_text("# Why.\npictures_in_reports: true # the reason\nother: 1\n")
    assert "commit it" in setup("--no-pictures-in-reports").stdout
    assert path.read_text() == "# Why.\npictures_in_reports: false # the reason\nother: 1\n"
    assert "commit it" not in setup("--no-pictures-in-reports").stdout


def test_without_a_terminal_nothing_is_asked_and_a_public_repository_is_warned_of(github: FakeGitHub) -> None:
    assert row(setup("--json"), "repository", "visibility") == "warning"
    known = setup("--json", "--variable", "WMS_PHOTOGRAPHS_ARE_PUBLIC=true")
    assert row(known, "repository", "visibility") == "ok"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--variable", "AWS_REGOIN=x"), "AWS_REGOIN is unknown"),
        (("--variable", "AWS_REGION"), "no value for AWS_REGION"),
        (("--secret", "AWS_SESSION_TOKEN=value"), "never put a secret"),
        (("--secret", "AWS_SESSION_TOKEN"), "no value for AWS_SESSION_TOKEN"),
    ],
)
def test_wrong_names_and_empty_values_are_usage_errors(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    for name in ("AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    done = setup(*words)
    assert done.exit_code == 2
    assert says in done.output
    assert github.requests == []


def test_a_token_that_is_refused_says_how_to_sign_in(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "another")
    require_refused("gh auth login")


def test_without_any_token_gh_is_not_signed_in(github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN")
    require_refused("gh is not signed in")
    assert github.requests == []


def test_somebody_without_rights_is_told_so_and_nothing_is_guessed(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", github.new_token("ann", "user", {"contents": "write", "issues": "write"}))
    require_refused("not visible with this token", "the repository's owner")
    assert changes(github) == []


def test_a_change_that_github_refuses_ends_with_its_words(github: FakeGitHub) -> None:
    github.fail_next(1, status=409, message="Set by the organization", method="PUT")
    require_refused("Set by the organization")


def test_without_gh_it_says_where_to_get_it(github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert setup().exit_code == 0, "the one beside the interpreter is found"
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    require_refused("gh, the command line of GitHub, is not installed")


def test_a_remote_elsewhere_wants_a_name_and_takes_it(github: FakeGitHub) -> None:
    subprocess.run(["git", "remote", "set-url", "origin", "https://example.org/a/b.git"], check=True)
    require_refused("--repo OWNER/NAME")
    assert setup("--repo", REPOSITORY).exit_code == 0
