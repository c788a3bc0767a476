"""Events: what starts runs, and the `github` context that they see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.engine.remote import ZEROS
from rehearsal.engine.results import Run
from rehearsal.engine.workflow import Workflow
from rehearsal.engine.world import World


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened on GitHub."""

    name: str
    sha: str
    ref: str
    actor: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """The `inputs` context, typed."""
    head_ref: str = ""
    base_ref: str = ""


def push_event(world: World, *, branch: str, sha: str, before: str | None, actor: str) -> Event:
    """A push of a branch."""
    payload = {
        "ref": f"refs/heads/{branch}",
        "before": before or ZEROS,
        "after": sha,
        "created": before is None,
        "deleted": False,
        "head_commit": {"id": sha, "message": world.remote.message(sha)},
        "pusher": {"name": actor},
    }
    return Event(
        name="push",
        sha=sha,
        ref=f"refs/heads/{branch}",
        actor=actor,
        payload=_complete(world, payload, actor),
    )


def dispatch_event(
    world: World, *, workflow: Workflow, sha: str, ref: str, inputs: Mapping[str, Any], actor: str
) -> Event:
    """A person or the API starts a workflow; in the event itself every input is text."""
    texts = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in inputs.items()
    }
    payload = {"inputs": texts, "ref": f"refs/heads/{ref}", "workflow": workflow.path}
    return Event(
        name="workflow_dispatch",
        sha=sha,
        ref=f"refs/heads/{ref}",
        actor=actor,
        payload=_complete(world, payload, actor),
        inputs=inputs,
    )


def other_event(
    world: World, *, name: str, sha: str, ref: str, payload: Mapping[str, Any], actor: str
) -> Event:
    """Any other event; the payload is the caller's."""
    pull = payload.get("pull_request") or {}
    return Event(
        name=name,
        sha=sha,
        ref=ref,
        actor=actor,
        payload=_complete(world, payload, actor),
        head_ref=(pull.get("head") or {}).get("ref", ""),
        base_ref=(pull.get("base") or {}).get("ref", ""),
    )


def _complete(world: World, payload: Mapping[str, Any], actor: str) -> dict[str, Any]:
    owner, _, name = world.repository.partition("/")
    repository = {
        "name": name,
        "full_name": world.repository,
        "owner": {"login": owner},
        "default_branch": world.default_branch,
        "html_url": f"{world.git_url}/{world.repository}",
    }
    return {"repository": repository, "sender": {"login": actor}, **payload}


def github_context(world: World, workflow: Workflow, event: Event, run: Run) -> dict[str, Any]:
    """The `github` context of a run; jobs add their own token, id and workspace."""
    short = event.ref.removeprefix("refs/heads/").removeprefix("refs/tags/").removeprefix("refs/")
    workflow_ref = f"{world.repository}/{workflow.path}@{event.ref}"
    return {
        "event": dict(event.payload),
        "event_name": event.name,
        "ref": event.ref,
        "ref_name": short,
        "ref_type": "tag" if event.ref.startswith("refs/tags/") else "branch",
        "ref_protected": False,
        "sha": event.sha,
        "head_ref": event.head_ref,
        "base_ref": event.base_ref,
        "repository": world.repository,
        "repository_owner": world.repository.partition("/")[0],
        "repository_id": "1",
        "actor": event.actor,
        "triggering_actor": event.actor,
        "actor_id": "1",
        "workflow": workflow.name,
        "workflow_ref": workflow_ref,
        "workflow_sha": event.sha,
        "run_id": str(run.id),
        "run_number": str(run.number),
        "run_attempt": str(run.attempt),
        "api_url": world.api_url,
        "server_url": world.git_url,
        "graphql_url": f"{world.api_url}/graphql",
        "retention_days": "90",
    }
