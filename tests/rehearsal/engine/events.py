"""Events: what starts runs, the `github` context that they see, and the inputs of a started workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.engine.node import WorkflowError
from rehearsal.engine.results import Run
from rehearsal.engine.workflow import Workflow, refuse_others
from rehearsal.engine.world import World


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a branch on GitHub."""

    name: str
    sha: str
    branch: str
    actor: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """The `inputs` context, typed."""


def inputs_of(workflow: Workflow, event: str, given: Mapping[str, object]) -> dict[str, Any]:
    """The `inputs` context of a workflow that is dispatched or called.

    Raises:
        WorkflowError: an input is unknown, missing or no value of its type; GitHub would answer 422.
    """
    definitions = workflow.events[event].get("inputs") or {}
    who = f"{workflow.path}: {event} input"
    refuse_others(given, definitions, who)
    result: dict[str, Any] = {}
    for name, settings in definitions.items():
        value = given.get(name, settings.get("default"))
        if value is None and settings.get("required"):
            raise WorkflowError(f"{who} `{name}` is required and was not given")
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        allowed = ("true", "false") if settings["type"] == "boolean" else settings.get("options", [text])
        if text not in allowed:
            raise WorkflowError(f"{who} `{name}` is {text!r}, not one of {', '.join(allowed)}")
        result[name] = text == "true" if settings["type"] == "boolean" else text
    return result


def github_context(world: World, workflow: Workflow, event: Event, run: Run) -> dict[str, Any]:
    """The `github` context of a run; jobs add their own token, id and workspace."""
    owner, _, name = world.repository.partition("/")
    repository = {"name": name, "full_name": world.repository, "owner": {"login": owner}}
    return {
        "event": {"repository": repository, "sender": {"login": event.actor}, **event.payload},
        "event_name": event.name,
        "ref": run.ref,
        "ref_name": event.branch,
        "sha": event.sha,
        "repository": world.repository,
        "actor": event.actor,
        "workflow": workflow.name,
        "workflow_sha": event.sha,
        "run_id": str(run.id),
        "run_number": str(run.number),
        "run_attempt": str(run.attempt),
        "api_url": world.api_url,
        "server_url": world.git_url,
    }
