"""Rulesets and classic branch protection: kept as sent, read for what they require."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import Any

from fakes.github.hub import Hub
from fakes.github.records import Caller
from fakes.github.wire import Answer, Refusal, Request, Routes, page

ROUTES = Routes()
ADMIN = ("administration", "write")
ADMIN_ROLE = {"actor_type": "RepositoryRole", "actor_id": 5}
"""How `bypass_actors` names the role `admin`, see .github/rulesets (docs/workflows.md)."""


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What a branch asks of a pull request.

    `checks` are the required contexts, each with the app that must have posted it, or `None` for any.
    """

    checks: dict[str, int | None]
    approvals: int
    strict: bool
    by_ruleset: bool


def requirements(hub: Hub, branch: str, *, caller: Caller | None = None) -> Requirements:
    """Everything that rulesets and protection ask for on a branch, of a caller who merges a pull request."""
    required: dict[str, int | None] = {}
    approvals, strict = 0, False
    rules = active_rules(hub, branch, caller=caller)
    for rule in rules:
        parameters = rule.get("parameters", {})
        if rule["type"] == "required_status_checks":
            for check in parameters["required_status_checks"]:
                required[check["context"]] = check.get("integration_id") or required.get(check["context"])
            strict |= bool(parameters.get("strict_required_status_checks_policy"))
        elif rule["type"] == "pull_request":
            approvals = max(approvals, int(parameters.get("required_approving_review_count", 0)))
    protection = hub.protections.get(branch, {})
    checks = protection.get("required_status_checks") or {}
    for context in checks.get("contexts", []):
        required.setdefault(context, None)
    return Requirements(
        checks=required,
        approvals=approvals,
        strict=strict,
        by_ruleset=bool(rules),
    )


def active_rules(hub: Hub, branch: str, *, caller: Caller | None = None) -> list[dict[str, Any]]:
    """The rules of every active ruleset that is about a branch and that the caller may not pass."""
    return [
        rule
        for ruleset in hub.rulesets.values()
        if ruleset["enforcement"] == "active" and _is_about(hub, ruleset, branch)
        if not _lets_pass(ruleset, caller)
        for rule in ruleset["rules"]
    ]


def _lets_pass(ruleset: dict[str, Any], caller: Caller | None) -> bool:
    """Whether a pull request's rules are not for this caller; both of its modes do that."""
    if caller is None or not caller.is_admin:
        return False
    return any(ADMIN_ROLE.items() <= actor.items() for actor in ruleset.get("bypass_actors", []))


def _is_about(hub: Hub, ruleset: dict[str, Any], branch: str) -> bool:
    names = ruleset.get("conditions", {}).get("ref_name", {})

    def named(patterns: list[str]) -> bool:
        return any(
            pattern == "~ALL"
            or (pattern == "~DEFAULT_BRANCH" and branch == hub.settings.default_branch)
            or fnmatch.fnmatch(f"refs/heads/{branch}", pattern)
            for pattern in patterns
        )

    return named(names.get("include", [])) and not named(names.get("exclude", []))


@ROUTES.add("GET", "{repo}/rulesets")
def list_rulesets(hub: Hub, request: Request) -> Answer:
    _require_plan(hub)
    brief = [
        {key: value for key, value in ruleset.items() if key not in ("rules", "conditions")}
        for ruleset in hub.rulesets.values()
    ]
    return page(request, brief)


@ROUTES.add("POST", "{repo}/rulesets", needs=ADMIN)
def create_ruleset(hub: Hub, request: Request) -> Answer:
    _require_plan(hub)
    name = request.body.get("name")
    if any(ruleset["name"] == name for ruleset in hub.rulesets.values()):
        raise Refusal(422, "Validation Failed", errors=["Name must be unique"])
    number = hub.next_id()
    hub.rulesets[number] = _ruleset(hub, number, request.body)
    return Answer(status=201, body=hub.rulesets[number])


@ROUTES.add("GET", "{repo}/rulesets/{number}")
def get_ruleset(hub: Hub, request: Request, number: str) -> Answer:
    ruleset = dict(_found(hub, number))
    if not request.caller.may("administration", "write"):
        del ruleset["bypass_actors"]  # Only who may change a ruleset sees who passes it.
    return Answer(body=ruleset)


@ROUTES.add("PUT", "{repo}/rulesets/{number}", needs=ADMIN)
def change_ruleset(hub: Hub, request: Request, number: str) -> Answer:
    hub.rulesets[int(number)] = _ruleset(hub, int(number), {**_found(hub, number), **request.body})
    return Answer(body=hub.rulesets[int(number)])


@ROUTES.add("GET", "{repo}/rules/branches/{branch*}")
def rules_of_branch(hub: Hub, request: Request, branch: str) -> Answer:
    return page(request, active_rules(hub, branch))


def _require_plan(hub: Hub) -> None:
    if not hub.settings.rulesets_available:
        raise Refusal(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.")


def _found(hub: Hub, number: str) -> dict[str, Any]:
    ruleset = hub.rulesets.get(int(number)) if number.isdigit() else None
    if ruleset is None:
        raise Refusal(404, "Not Found")
    return ruleset


def _ruleset(hub: Hub, number: int, body: dict[str, Any]) -> dict[str, Any]:
    for key in ("name", "enforcement"):
        if not body.get(key):
            raise Refusal(422, "Validation Failed", errors=[f"{key.capitalize()} can't be blank"])
    defaults = {"target": "branch", "conditions": {}, "rules": [], "bypass_actors": []}
    whole = {**defaults, **body, "id": number, "source": hub.repository, "source_type": "Repository"}
    # GitHub adds members of its own to what it was given.
    whole["rules"] = [{**rule, **_additions(rule)} for rule in whole["rules"]]
    return whole


def _additions(rule: dict[str, Any]) -> dict[str, Any]:
    if rule["type"] != "required_status_checks":
        return {}
    return {"parameters": {"do_not_enforce_on_create": False, **rule["parameters"]}}
