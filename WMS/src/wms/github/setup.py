"""The changes that bring a repository on GitHub to the wanted settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

from wms.core.errors import Code, GitHubError
from wms.core.files import write_bytes
from wms.core.records.github_setup import Change, Facts, Label, Unseen, Wanted
from wms.core.settings import REPORT_CONFIG

PICTURES_LINE = re.compile(r"(?m)^pictures_in_reports:[ \t]*\w*")

T = TypeVar("T")


def plan_changes(
    *, wanted: Wanted, facts: Facts, variables: Mapping[str, str], secrets: Mapping[str, str]
) -> tuple[Change, ...]:
    """Compare, setting by setting.

    Other labels, rulesets and variables of the repository stay as they are. `variables` and `secrets` are
    values to set now, by name. GitHub never shows a secret again, so a given one is always written.

    Raises:
        GitHubError: a setting is not visible, so it is unknown whether it differs.
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


def set_pictures_in_reports(root: Path, *, allowed: bool) -> bool:
    """Write `pictures_in_reports` to report.yaml and keep all other lines; return whether it changed."""
    path = root / REPORT_CONFIG
    old = path.read_text() if path.is_file() else ""
    line = f"pictures_in_reports: {str(allowed).lower()}"
    new, found = PICTURES_LINE.subn(line, old)
    if not found:
        new = f"{old}{line}\n"
    if new != old:
        write_bytes(path, new.encode())
    return new != old


def seen(value: T | Unseen) -> T:
    """The value.

    Raises:
        GitHubError: GitHub did not show it.
    """
    if isinstance(value, Unseen):
        raise GitHubError(value.why, remedy=Code.NOT_VISIBLE.remedy)
    return value


def covers(actual: Any, wanted: Any) -> bool:
    """Whether GitHub's answer has all that is wanted. It may have more keys, but no more list entries."""
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
    """A setting's value as text."""
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
            # GitHub's two workflow permissions are sent together: one that is left out is reset.
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
