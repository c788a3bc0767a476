"""The difference between what a repository on GitHub should be set to and what it is set to, as a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from wms.domain.github_setup import (
    Actual,
    Change,
    FeatureState,
    Item,
    Label,
    SetupPlan,
    SetupReport,
    State,
    Wanted,
)

RULESETS_NOT_AVAILABLE = (
    "GitHub has branch rules for public repositories and paid plans only; everything else works without them"
)


def plan_setup(
    name: str,
    *,
    wanted: Wanted,
    actual: Actual,
    variables: Mapping[str, str],
    secrets: Mapping[str, str],
) -> SetupPlan:
    """Compare, setting by setting.

    What GitHub has beside what is wanted (other labels, other rulesets, other variables) is left alone.

    Args:
        name: the repository, `OWNER/NAME`.
        wanted: from the files.
        actual: from GitHub.
        variables: values to set now, by name; each is among the wanted ones.
        secrets: the same for secrets, which GitHub never shows again: one that is given is always written.
    """
    steps = [
        *(_ruleset(ruleset, actual) for ruleset in wanted.rulesets),
        *_settings("repository", wanted.repository, actual.repository),
        *_settings("workflow permissions", wanted.workflow_permissions, actual.workflow_permissions),
        *(_label(label, actual.labels.get(label.name.lower())) for label in wanted.labels),
        *(
            _variable(key, note, actual.variables.get(key), variables.get(key))
            for key, note in wanted.variables.items()
        ),
        *(_secret(key, note, actual.secrets, secrets.get(key)) for key, note in wanted.secrets.items()),
    ]
    set_then = {*actual.variables, *actual.secrets, *variables, *secrets}
    return SetupPlan(
        changes=tuple(step for step in steps if isinstance(step, Change)),
        report=SetupReport(
            repository=name,
            items=tuple(step.item if isinstance(step, Change) else step for step in steps),
            features=tuple(
                FeatureState(
                    name=feature.name, missing=tuple(need for need in feature.needs if need not in set_then)
                )
                for feature in wanted.features
            ),
        ),
    )


def covers(actual: Any, wanted: Any) -> bool:
    """Whether GitHub's answer says what is wanted; it may say more, but lists have no further entries."""
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(
            key in actual and covers(actual[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return (
            isinstance(actual, Sequence)
            and len(actual) == len(wanted)
            and all(any(covers(entry, value) for entry in actual) for value in wanted)
        )
    return bool(actual == wanted)


def _ruleset(wanted: Mapping[str, Any], actual: Actual) -> Item | Change:
    name = wanted["name"]
    if actual.rulesets is None:
        return Item(kind="ruleset", name=name, state="not available", note=RULESETS_NOT_AVAILABLE)
    there = actual.rulesets.get(name)
    if there is None:
        return Change(item=Item(kind="ruleset", name=name, state="create"), value=wanted)
    if covers(there, wanted):
        return Item(kind="ruleset", name=name, state="as wanted")
    return Change(
        item=Item(kind="ruleset", name=name, state="change", note="its rules differ"),
        value=wanted,
        ruleset_id=there["id"],
    )


def _settings(
    kind: Literal["repository", "workflow permissions"], wanted: Mapping[str, Any], actual: Mapping[str, Any]
) -> list[Item | Change]:
    steps: list[Item | Change] = []
    for name, value in wanted.items():
        if actual.get(name) == value:
            steps.append(Item(kind=kind, name=name, state="as wanted", note=_text(value)))
        else:
            note = f"{_text(actual.get(name))} -> {_text(value)}"
            # Both of GitHub's workflow permissions go together: one that is left out falls back.
            body = wanted if kind == "workflow permissions" else {name: value}
            steps.append(Change(item=Item(kind=kind, name=name, state="change", note=note), value=body))
    return steps


def _label(wanted: Label, actual: Label | None) -> Item | Change:
    if actual == wanted:
        return Item(kind="label", name=wanted.name, state="as wanted")
    state: State = "create" if actual is None else "change"
    return Change(
        item=Item(kind="label", name=wanted.name, state=state, note=wanted.description),
        value=wanted.model_dump(),
    )


def _variable(name: str, note: str, actual: str | None, given: str | None) -> Item | Change:
    if given is None and actual is None:
        how = f"{note}. Set it: --variable {name}=VALUE"
        return Item(kind="variable", name=name, state="missing", note=how)
    if given is None or given == actual:
        return Item(kind="variable", name=name, state="as wanted", note=str(actual))
    state: State = "create" if actual is None else "change"
    text = given if actual is None else f"{actual} -> {given}"
    return Change(item=Item(kind="variable", name=name, state=state, note=text), value=given)


def _secret(name: str, note: str, there: frozenset[str], given: str | None) -> Item | Change:
    if given is not None:
        state: State = "change" if name in there else "create"
        return Change(item=Item(kind="secret", name=name, state=state), value=given)
    if name in there:
        return Item(kind="secret", name=name, state="as wanted", note="set; GitHub does not show its value")
    how = f"{note}. Set it: export {name}, then --secret {name}"
    return Item(kind="secret", name=name, state="missing", note=how)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
