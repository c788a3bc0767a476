"""The difference between a repository's settings and what the files want of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wms.core.errors import GitHubError
from wms.core.records.github_setup import Change, Facts, Label, Unseen, Wanted
from wms.github.setup import covers, plan_changes

LABEL = Label(name="bug", color="d73a4a", description="Broken")
WANTED = Wanted(
    rulesets=({"name": "main", "rules": [{"type": "deletion"}]},),
    repository={"delete_branch_on_merge": False},
    workflow_permissions={"default": "read", "approve": True},
    labels=(LABEL,),
    variables={"REGION": "where"},
    secrets={"KEY": "what opens it"},
)
AS_WANTED = Facts(
    rulesets={"main": {"id": 4, "name": "main", "rules": [{"type": "deletion"}], "source": "owner/x"}},
    repository={"delete_branch_on_merge": False, "private": True},
    workflow_permissions={"default": "read", "approve": True},
    labels={"bug": LABEL},
    variables={"REGION": "here"},
    secrets=frozenset({"KEY"}),
    actions={},
    workflows={},
    ci=(),
    state_bytes=None,
    queued_runs=0,
    runs_to_approve=0,
)


def plan(
    facts: Facts, *, variables: dict[str, str] | None = None, secrets: dict[str, str] | None = None
) -> tuple[Change, ...]:
    return plan_changes(wanted=WANTED, facts=facts, variables=variables or {}, secrets=secrets or {})


def test_what_is_as_wanted_needs_no_change() -> None:
    assert plan(AS_WANTED, variables={"REGION": "here"}) == ()


@pytest.mark.parametrize(
    ("differs", "kind", "verb"),
    [
        ({"rulesets": {}}, "ruleset", "create"),
        ({"rulesets": {"main": {"id": 4, "name": "main", "rules": []}}}, "ruleset", "change"),
        ({"repository": {"delete_branch_on_merge": True}}, "repository", "change"),
        ({"workflow_permissions": {"default": "read", "approve": False}}, "workflow permissions", "change"),
        ({"labels": {}}, "label", "create"),
        ({"labels": {"bug": LABEL.model_copy(update={"color": "000000"})}}, "label", "change"),
    ],
)
def test_each_difference_is_one_change(differs: dict[str, Any], kind: str, verb: str) -> None:
    [change] = plan(replace(AS_WANTED, **differs))
    assert (change.kind, change.verb) == (kind, verb)
    assert change.ruleset_id == (4 if (kind, verb) == ("ruleset", "change") else None)
    assert kind != "workflow permissions" or change.value == WANTED.workflow_permissions, "they go together"


@pytest.mark.parametrize("hidden", ["rulesets", "workflow_permissions", "labels", "variables", "secrets"])
def test_what_is_not_visible_is_not_changed_blindly(hidden: str) -> None:
    unseen: dict[str, Any] = {hidden: Unseen(why="not visible with this token")}
    with pytest.raises(GitHubError, match="not visible"):
        plan(replace(AS_WANTED, **unseen))


def test_a_plan_without_rulesets_gets_none() -> None:
    assert plan(replace(AS_WANTED, rulesets=None)) == ()


def test_a_change_does_not_show_its_value() -> None:
    [change] = plan(AS_WANTED, secrets={"KEY": "hidden"})
    assert change.value == "hidden"
    assert "hidden" not in repr(change)


@pytest.mark.parametrize(
    ("actual", "wanted", "expected"),
    [
        ({"a": 1, "more": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": None}, False),
        ([{"t": 1, "id": 7}, {"t": 2}], [{"t": 2}, {"t": 1}], True),
        ([{"t": 1}, {"t": 2}], [{"t": 1}], False),
        ([{"t": 1}], [{"t": 1}, {"t": 2}], False),
        ("main", "main", True),
        (None, [], False),
    ],
)
def test_an_answer_may_say_more_but_have_no_more_rules(actual: Any, wanted: Any, expected: bool) -> None:
    assert covers(actual, wanted) == expected
