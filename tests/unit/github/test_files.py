"""The files below .github agree with one another and say what the pipeline relies on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fakes.github.records import GITHUB_ACTIONS
from fakes.github.rules import ADMIN_ROLE
from wms.core.errors import InputError
from wms.core.settings import load_wanted

ROOT = Path(__file__).parents[3]
GITHUB = ROOT / ".github"
WANTED = load_wanted(ROOT)
DEPENDABOT = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]


def rules() -> dict[str, dict[str, Any]]:
    [ruleset] = WANTED.rulesets
    return {rule["type"]: rule.get("parameters", {}) for rule in ruleset["rules"]}


def test_main_wants_the_check_ci_of_github_actions_alone_and_nobody_s_approval() -> None:
    [ruleset] = WANTED.rulesets
    assert ruleset["conditions"]["ref_name"]["include"] == ["~DEFAULT_BRANCH"]
    assert set(rules()) == {"deletion", "non_fast_forward", "required_status_checks"}
    checks = rules()["required_status_checks"]
    assert checks["required_status_checks"] == [{"context": "ci", "integration_id": GITHUB_ACTIONS}]
    assert checks["strict_required_status_checks_policy"] is False


def test_administrators_may_pass_the_rules_by_a_pull_request_only() -> None:
    [ruleset] = WANTED.rulesets
    assert ruleset["bypass_actors"] == [{**ADMIN_ROLE, "bypass_mode": "pull_request"}]


def test_workflows_may_open_pull_requests_and_branches_are_deleted_by_the_pipeline_alone() -> None:
    assert WANTED.workflow_permissions == {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": True,
    }
    assert WANTED.repository == {
        "allow_merge_commit": True, "has_issues": True, "delete_branch_on_merge": False,
    }  # fmt: skip


def test_every_label_that_is_put_on_something_exists() -> None:
    used = {label for update in DEPENDABOT for label in update["labels"]}
    for form in ("bug", "wrong-mask"):
        used.update(yaml.safe_load((GITHUB / f"ISSUE_TEMPLATE/{form}.yml").read_text())["labels"])
    assert used <= {label.name for label in WANTED.labels}


def test_every_update_rests_a_week_and_comes_in_groups() -> None:
    assert {update["package-ecosystem"] for update in DEPENDABOT} == {
        "github-actions", "pip", "terraform", "docker", "npm",
    }  # fmt: skip
    for update in DEPENDABOT:
        assert update["cooldown"]["default-days"] >= 7
        assert update["groups"]


def test_a_ruleset_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / ".github/rulesets").mkdir(parents=True)
    (tmp_path / ".github/rulesets/main.json").write_text("{")
    with pytest.raises(InputError, match=r"main\.json is not JSON"):
        load_wanted(tmp_path)
