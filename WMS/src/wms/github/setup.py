"""The difference between what a repository on GitHub should be set to and what it is set to, as changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from wms.core.errors import GitHubError
from wms.core.records.github_setup import Change, Facts, Label, Unseen, Wanted

T = TypeVar("T")


def plan_changes(
    *, wanted: Wanted, facts: Facts, variables: Mapping[str, str], secrets: Mapping[str, str]
) -> tuple[Change, ...]:
    """Compare, setting by setting.

    What GitHub has beside what is wanted (other labels, other rulesets, other variables) is left alone.

    Args:
        wanted: from the files.
        facts: from GitHub.
        variables: values to set now, by name; each is among the wanted ones.
        secrets: the same for secrets, which GitHub never shows again: one that is given is always written.

    Raises:
        GitHubError: a setting is not visible, so nobody knows whether it differs.
    """
    permissions, labels = seen(facts.workflow_permissions), seen(facts.labels)
    set_variables, set_secrets = seen(facts.variables), seen(facts.secrets)
    steps = [
        *(_ruleset(ruleset, seen(facts.rulesets)) for ruleset in wanted.rulesets),
        *_settings("repository", wanted.repository, facts.repository),
        *_settings("workflow permissions", wanted.workflow_permissions, permissions),
        *(_label(label, labels.get(label.name.lower())) for label in wanted.labels),
        *(_variable(name, set_variables.get(name), value) for name, value in variables.items()),
        *(_secret(name, value, set_secrets) for name, value in secrets.items()),
    ]
    return tuple(step for step in steps if step is not None)


def seen(value: T | Unseen) -> T:
    """The value.

    Raises:
        GitHubError: GitHub did not show it.
    """
    if isinstance(value, Unseen):
        raise GitHubError(
            value.why,
            remedy="Settings are changed by the repository's owner: see who you are with `gh auth status`.",
        )
    return value


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


def written(value: Any) -> str:
    """A setting's value as a person reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ruleset(wanted: Mapping[str, Any], actual: Mapping[str, Mapping[str, Any]] | None) -> Change | None:
    if actual is None:  # This plan has no rulesets.
        return None
    there = actual.get(wanted["name"])
    if there is None:
        return Change(kind="ruleset", name=wanted["name"], verb="create", value=wanted)
    if covers(there, wanted):
        return None
    return Change(kind="ruleset", name=wanted["name"], verb="change", value=wanted, ruleset_id=there["id"])


def _settings(
    kind: Literal["repository", "workflow permissions"], wanted: Mapping[str, Any], actual: Mapping[str, Any]
) -> list[Change]:
    return [
        Change(
            kind=kind,
            name=name,
            verb="change",
            note=f"{written(actual.get(name))} -> {written(value)}",
            # Both of GitHub's workflow permissions go together: one that is left out falls back.
            value=wanted if kind == "workflow permissions" else {name: value},
        )
        for name, value in wanted.items()
        if actual.get(name) != value
    ]


def _label(wanted: Label, actual: Label | None) -> Change | None:
    if actual == wanted:
        return None
    return Change(
        kind="label",
        name=wanted.name,
        verb="create" if actual is None else "change",
        note=wanted.description,
        value=wanted.model_dump(),
    )


def _variable(name: str, actual: str | None, given: str) -> Change | None:
    if actual == given:
        return None
    if actual is None:
        return Change(kind="variable", name=name, verb="create", note=given, value=given)
    return Change(kind="variable", name=name, verb="change", note=f"{actual} -> {given}", value=given)


def _secret(name: str, given: str, there: frozenset[str]) -> Change:
    return Change(kind="secret", name=name, verb="change" if name in there else "create", value=given)
