"""What a run needs on GitHub: every row in its good and its bad state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clones import ROOT
from wms.core.records.github_doctor import Diagnosis, Row
from wms.core.records.github_setup import Facts, Unseen
from wms.core.settings import load_wanted
from wms.github.doctor import QUEUE_MAX, STATE_WARNING_BYTES, diagnose

NOW = datetime(2026, 11, 29, tzinfo=UTC)
WANTED = load_wanted(ROOT)
[RULESET] = WANTED.rulesets
WELL = Facts(
    repository={
        "private": True,
        "fork": False,
        "archived": False,
        "default_branch": "main",
        "pushed_at": NOW.isoformat(),
        **WANTED.repository,
    },
    rulesets={"main": {"id": 1, **RULESET}},
    workflow_permissions=WANTED.workflow_permissions,
    labels={label.name: label for label in WANTED.labels},
    variables={},
    secrets=frozenset(),
    actions={"enabled": True, "allowed_actions": "all"},
    workflows={"training-data-pipeline.yaml": "active", "ci.yml": "active", "rollback.yml": "active"},
    ci=("success",),
    state_bytes=None,
    queued_runs=0,
    runs_to_approve=0,
)
PUBLIC = {**WELL.repository, "private": False}
CLOUD = {"WMS_ENVIRONMENT": "dev", "AWS_REGION": "eu-central-1"}
ROLE = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/wms"}
KEYS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})


def look(**differs: Any) -> Diagnosis:
    facts = replace(WELL, **differs)
    return diagnose("owner/meters", wanted=WANTED, facts=facts, environments=["dev"], now=NOW)


def only(diagnosis: Diagnosis, area: str, name: str) -> Row:
    [found] = [row for row in diagnosis.rows if (row.area, row.name) == (area, name)]
    return found


def test_where_all_is_well_every_row_says_so() -> None:
    assert {row.result for row in look().rows} == {"ok"}


def without_app() -> dict[str, Any]:
    rules = [rule for rule in RULESET["rules"] if rule["type"] != "required_status_checks"]
    checks = {"required_status_checks": [{"context": "ci"}], "strict_required_status_checks_policy": False}
    return {**RULESET, "rules": [*rules, {"type": "required_status_checks", "parameters": checks}]}


def repository(**differs: Any) -> dict[str, Any]:
    return {"repository": {**WELL.repository, **differs}}


def actions(**differs: Any) -> dict[str, Any]:
    return {"actions": {"enabled": True, **differs}}


NO_APPROVALS = {**WANTED.workflow_permissions, "can_approve_pull_request_reviews": False}
HIDDEN_BYPASS = {key: value for key, value in RULESET.items() if key != "bypass_actors"}
LONG_AGO = (NOW - timedelta(days=60)).isoformat()


@pytest.mark.parametrize(
    ("area", "name", "result", "differs"),
    [
        ("repository", "visibility", "warning", {"repository": PUBLIC}),
        ("repository", "fork", "warning", repository(fork=True)),
        ("repository", "archived", "missing", repository(archived=True)),
        ("repository", "default branch", "missing", repository(default_branch="trunk")),
        ("actions", "GitHub Actions", "missing", actions(enabled=False)),
        ("actions", "GitHub Actions", "missing", actions(allowed_actions="local_only")),
        ("actions", "GitHub Actions", "warning", actions(allowed_actions="selected")),
        ("workflow", "ci.yml", "missing", {"workflows": {"rollback.yml": "active"}}),
        ("workflow", "ci.yml", "missing", {"workflows": {"ci.yml": "disabled_fork"}}),
        ("workflow", "infra.yml", "warning", {"workflows": {"infra.yml": "disabled_inactivity"}}),
        ("setting", "allow_merge_commit", "missing", repository(allow_merge_commit=False)),
        ("setting", "has_issues", "warning", repository(has_issues=False)),
        ("token", "can_approve_pull_request_reviews", "missing", {"workflow_permissions": NO_APPROVALS}),
        ("ruleset", "main", "ok", {"rulesets": None}),
        ("ruleset", "main", "warning", {"rulesets": {}}),
        ("ruleset", "main", "warning", {"rulesets": {"main": {**RULESET, "rules": []}}}),
        ("ruleset", "main", "warning", {"rulesets": {"main": without_app()}}),
        ("ruleset", "main", "not visible", {"rulesets": {"main": HIDDEN_BYPASS}}),
        ("plan", "limits", "warning", {"rulesets": None}),
        ("labels", "all", "warning", {"labels": {}}),
        ("AWS", "environment", "warning", {"variables": ROLE}),
        ("AWS", "environment", "warning", {"secrets": KEYS}),
        ("AWS", "environment", "missing", {"variables": {**CLOUD, **ROLE, "WMS_ENVIRONMENT": "prod"}}),
        ("AWS", "environment", "ok", {"variables": {**CLOUD, **ROLE}}),
        ("AWS", "credentials", "ok", {"variables": {**CLOUD, **ROLE}}),
        ("AWS", "credentials", "ok", {"variables": CLOUD, "secrets": KEYS}),
        ("AWS", "credentials", "missing", {"variables": CLOUD}),
        ("AWS", "credentials", "missing", {"variables": {**CLOUD, "AWS_ROLE_ARN": "wms"}}),
        ("AWS", "region", "warning", {"variables": {"WMS_ENVIRONMENT": "dev", **ROLE}}),
        ("schedule", "infra.yml", "ok", {"variables": CLOUD, **repository(fork=True)}),
        (
            "schedule",
            "infra.yml",
            "warning",
            {"variables": CLOUD, **repository(private=False, pushed_at=LONG_AGO)},
        ),
        ("ci", "tip of main", "missing", {"ci": ("failure",)}),
        ("ci", "tip of main", "ok", {"ci": ()}),
        ("state", "refs/wms/state", "warning", {"state_bytes": STATE_WARNING_BYTES + 1}),
        ("queue", "runs that wait", "warning", {"queued_runs": QUEUE_MAX}),
        ("queue", "runs to approve", "warning", {"runs_to_approve": 1}),
    ],
)
def test_what_is_amiss_is_told_with_its_remedy(
    area: str, name: str, result: str, differs: dict[str, Any]
) -> None:
    found = only(look(**differs), area, name)
    assert found.result == result
    assert bool(found.remedy) == (result in ("warning", "missing"))


def test_a_check_that_anybody_may_post_is_named() -> None:
    found = only(look(rulesets={"main": without_app()}), "ruleset", "main").found
    assert "anybody with write access can post ci" in found


def test_who_knows_that_his_repository_is_public_is_told_no_more() -> None:
    known = look(repository=PUBLIC, variables={"WMS_PHOTOGRAPHS_ARE_PUBLIC": "true"})
    assert only(known, "repository", "visibility").result == "ok"


def test_a_failed_ci_that_passed_when_run_again_is_passed() -> None:
    assert only(look(ci=("failure", "success")), "ci", "tip of main").result == "ok"


HIDDEN = (
    "rulesets", "workflow_permissions", "labels", "variables", "secrets", "actions", "workflows", "ci",
    "state_bytes", "queued_runs", "runs_to_approve",
)  # fmt: skip


def test_what_github_does_not_show_is_never_taken_for_well() -> None:
    unseen = Unseen(why="not visible with this token: HTTP 403")
    found = look(repository=PUBLIC, **dict.fromkeys(HIDDEN, unseen))
    areas = {row.area for row in found.rows if row.result != "not visible"}
    assert areas == {"setting", "plan"}, "what the repository itself shows to everybody"
    assert found.missing == ()
