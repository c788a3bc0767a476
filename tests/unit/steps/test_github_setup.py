"""The difference between a repository's settings and what the files want of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from wms.domain.github_setup import Actual, Feature, Label, SetupPlan, Wanted
from wms.steps.github_setup import covers, plan_setup

LABEL = Label(name="bug", color="d73a4a", description="Broken")
WANTED = Wanted(
    rulesets=({"name": "main", "rules": [{"type": "deletion"}]},),
    repository={"delete_branch_on_merge": False},
    workflow_permissions={"default": "read", "approve": True},
    labels=(LABEL,),
    variables={"REGION": "where"},
    secrets={"KEY": "what opens it"},
    features=(Feature(name="cloud", needs=("REGION", "KEY")),),
)
AS_WANTED = Actual(
    rulesets={"main": {"id": 4, "name": "main", "rules": [{"type": "deletion"}], "source": "owner/x"}},
    repository={"delete_branch_on_merge": False, "private": True},
    workflow_permissions={"default": "read", "approve": True},
    labels={"bug": LABEL},
    variables={"REGION": "here"},
    secrets=frozenset({"KEY"}),
)


def plan(
    actual: Actual, *, variables: dict[str, str] | None = None, secrets: dict[str, str] | None = None
) -> SetupPlan:
    return plan_setup("o/n", wanted=WANTED, actual=actual, variables=variables or {}, secrets=secrets or {})


def test_what_is_as_wanted_needs_no_change() -> None:
    found = plan(AS_WANTED)
    assert found.changes == ()
    assert {item.state for item in found.report.items} == {"as wanted"}
    assert found.report.features[0].missing == ()


@pytest.mark.parametrize(
    ("differs", "kind", "state"),
    [
        ({"rulesets": {}}, "ruleset", "create"),
        ({"rulesets": {"main": {"id": 4, "name": "main", "rules": []}}}, "ruleset", "change"),
        ({"repository": {"delete_branch_on_merge": True}}, "repository", "change"),
        ({"workflow_permissions": {"default": "read", "approve": False}}, "workflow permissions", "change"),
        ({"labels": {}}, "label", "create"),
        ({"labels": {"bug": LABEL.model_copy(update={"color": "000000"})}}, "label", "change"),
    ],
)
def test_each_difference_is_one_change(differs: dict[str, Any], kind: str, state: str) -> None:
    [change] = plan(replace(AS_WANTED, **differs)).changes
    assert (change.item.kind, change.item.state) == (kind, state)


def test_a_ruleset_that_is_there_is_changed_by_its_number() -> None:
    [change] = plan(replace(AS_WANTED, rulesets={"main": {"id": 4, "name": "main", "rules": []}})).changes
    assert change.ruleset_id == 4


def test_permissions_go_together() -> None:
    actual = replace(AS_WANTED, workflow_permissions={"default": "read", "approve": False})
    [change] = plan(actual).changes
    assert change.value == WANTED.workflow_permissions


def test_a_feature_counts_what_is_given_now() -> None:
    bare = replace(AS_WANTED, variables={}, secrets=frozenset())
    assert plan(bare).report.features[0].missing == ("REGION", "KEY")
    assert plan(bare, variables={"REGION": "x"}, secrets={"KEY": "y"}).report.features[0].missing == ()


def test_a_change_does_not_show_its_value() -> None:
    [change] = plan(AS_WANTED, secrets={"KEY": "hidden"}).changes
    assert change.value == "hidden"
    assert "hidden" not in repr(change)
    assert "hidden" not in plan(AS_WANTED, secrets={"KEY": "hidden"}).report.to_json().decode()


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


def test_a_feature_that_needs_what_nobody_can_set_is_refused() -> None:
    with pytest.raises(ValidationError, match="features need TYPO"):
        Wanted.model_validate({**WANTED.model_dump(), "features": [{"name": "x", "needs": ["TYPO"]}]})
