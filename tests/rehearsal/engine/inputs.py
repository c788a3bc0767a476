"""Inputs of `workflow_dispatch` and `workflow_call`: types, defaults, required ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.engine.node import WorkflowError
from rehearsal.engine.scope import Scope
from rehearsal.engine.workflow import Workflow

EMPTY_VALUES = {"boolean": False, "number": 0}


def dispatch_inputs(workflow: Workflow, given: Mapping[str, object]) -> dict[str, Any]:
    """The `inputs` context of a dispatched run.

    Raises:
        WorkflowError: GitHub would answer 422.
    """
    who = f"{workflow.path}: workflow_dispatch"
    return _inputs(workflow.events["workflow_dispatch"].get("inputs") or {}, given, scope=None, who=who)


def call_inputs(workflow: Workflow, given: Mapping[str, object], scope: Scope) -> dict[str, Any]:
    """The `inputs` context of a called workflow."""
    definitions = workflow.events["workflow_call"].get("inputs") or {}
    return _inputs(definitions, given, scope=scope, who=f"{workflow.path}: workflow_call")


def call_secrets(workflow: Workflow, given: Mapping[str, str]) -> dict[str, str]:
    """The `secrets` context of a called workflow that is given its secrets by name."""
    definitions = workflow.events["workflow_call"].get("secrets") or {}
    _no_others(given, definitions, who=f"{workflow.path}: secret")
    for name, definition in definitions.items():
        if (definition or {}).get("required") and not given.get(name):
            raise WorkflowError(f"{workflow.path}: secret `{name}` is required and was not given")
    return dict(given)


def _inputs(
    definitions: Mapping[str, Any], given: Mapping[str, object], *, scope: Scope | None, who: str
) -> dict[str, Any]:
    _no_others(given, definitions, who=f"{who} input")
    result: dict[str, Any] = {}
    for name, definition in definitions.items():
        settings = definition or {}
        kind = settings.get("type", "string")
        value = given.get(name)
        if value is None and "default" in settings:
            value = scope.value(settings["default"]) if scope else settings["default"]
        if value is None and settings.get("required"):
            raise WorkflowError(f"{who} input `{name}` is required and was not given")
        result[name] = _typed(kind, value, options=settings.get("options"), who=f"{who} input `{name}`")
    return result


def _typed(kind: str, value: Any, *, options: list[str] | None, who: str) -> Any:
    if value is None:
        return EMPTY_VALUES.get(kind, "")
    if kind == "boolean":
        if str(value).lower() not in ("true", "false"):
            raise WorkflowError(f"{who} is {value!r}, not true or false")
        return str(value).lower() == "true"
    if kind == "number":
        try:
            number = float(value)
        except ValueError as error:
            raise WorkflowError(f"{who} is {value!r}, not a number") from error
        return int(number) if number.is_integer() else number
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "choice" and text not in (options or []):
        raise WorkflowError(f"{who} is {text!r}, not one of {', '.join(options or [])}")
    return text


def _no_others(given: Mapping[str, object], known: Mapping[str, object], *, who: str) -> None:
    for name in given:
        if name not in known:
            raise WorkflowError(f"{who} `{name}` is not defined; there are: {', '.join(known) or 'none'}")
