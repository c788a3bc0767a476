"""Workflows: dispatches, and what a workflow's own token may do."""

from __future__ import annotations

import json
import threading
from typing import Any

import yaml

from fakes.github.hub import Hub
from fakes.github.records import Dispatch
from fakes.github.wire import Answer, Refusal, Request, Routes, page

ROUTES = Routes()


@ROUTES.add("POST", "{repo}/actions/workflows/{workflow}/dispatches", needs=("actions", "write"))
def dispatch(hub: Hub, request: Request, workflow: str) -> Answer:
    workflow = _named(hub, workflow)
    ref, inputs = str(request.body["ref"]), dict(request.body.get("inputs") or {})
    declared = _declared_inputs(hub, workflow)
    sha = hub.git.tip(ref.removeprefix("refs/heads/"))
    if sha is None:
        raise Refusal(422, f"No ref found for: {ref}")
    if declared is not None:
        unknown = [name for name in inputs if name not in declared]
        if unknown:
            raise Refusal(422, f"Unexpected inputs provided: {json.dumps(unknown)}")
        for name, asked in declared.items():
            if asked.get("required") and "default" not in asked and name not in inputs:
                raise Refusal(422, f"Required input '{name}' not provided")
    asked_for = Dispatch(workflow=workflow, ref=ref, inputs=inputs, actor=request.caller.login)
    hub.dispatches.append(asked_for)
    hub.note("workflow_dispatch", ref, sha, request.caller)
    if hub.on_dispatch is not None:
        threading.Thread(target=hub.on_dispatch, args=(asked_for,), daemon=True).start()
    return Answer(status=204)


@ROUTES.add("GET", "{repo}/actions/workflows/{workflow}", needs=("actions", "read"))
def get_workflow(hub: Hub, request: Request, workflow: str) -> Answer:
    workflow = _named(hub, workflow)
    _declared_inputs(hub, workflow, triggered=False)
    number = _files(hub).index(workflow) + 1
    return Answer(
        body={"id": number, "name": workflow, "path": f".github/workflows/{workflow}", "state": "active"}
    )


@ROUTES.add("GET", "{repo}/actions/runs", needs=("actions", "read"))
def list_runs(hub: Hub, request: Request) -> Answer:
    runs = [
        {"id": number, "event": "workflow_dispatch", "path": f".github/workflows/{each.workflow}"}
        for number, each in enumerate(hub.dispatches, 1)
    ]
    return page(request, runs, inside="workflow_runs")


@ROUTES.add("GET", "{repo}/actions/permissions/workflow", needs=("administration", "read"))
def get_token_settings(hub: Hub, request: Request) -> Answer:
    return Answer(
        body={
            "default_workflow_permissions": hub.settings.default_workflow_permissions,
            "can_approve_pull_request_reviews": hub.settings.actions_may_open_pull_requests,
        }
    )


@ROUTES.add("PUT", "{repo}/actions/permissions/workflow", needs=("administration", "write"))
def set_token_settings(hub: Hub, request: Request) -> Answer:
    settings, body = hub.settings, request.body
    settings.default_workflow_permissions = body.get(
        "default_workflow_permissions", settings.default_workflow_permissions
    )
    settings.actions_may_open_pull_requests = body.get(
        "can_approve_pull_request_reviews", settings.actions_may_open_pull_requests
    )
    return Answer(status=204)


def _files(hub: Hub) -> list[str]:
    """The workflow files of the default branch; a workflow's ID is its place among them."""
    if hub.workflows is not None:
        return sorted(hub.workflows)
    folder = f"refs/heads/{hub.settings.default_branch}:.github/workflows"
    return hub.git.run("ls-tree", "--name-only", folder, ok=(0, 128))[1].splitlines()


def _named(hub: Hub, workflow: str) -> str:
    """A workflow's file, asked for by that or by its ID."""
    if not workflow.isdigit():
        return workflow
    files = _files(hub)
    if not 0 < int(workflow) <= len(files):
        raise Refusal(404, "Not Found")
    return files[int(workflow) - 1]


def _declared_inputs(hub: Hub, workflow: str, *, triggered: bool = True) -> dict[str, Any] | None:
    """The inputs that a workflow of the default branch declares; `None` where any are taken."""
    if hub.workflows is not None:
        if workflow not in hub.workflows:
            raise Refusal(404, "Not Found")
        return None
    text = hub.git.file(f"refs/heads/{hub.settings.default_branch}", f".github/workflows/{workflow}")
    if text is None:
        raise Refusal(404, "Not Found")
    document = yaml.safe_load(text)
    triggers = document.get("on", document.get(True))  # YAML 1.1 reads the key `on` as a boolean.
    if isinstance(triggers, str):
        triggers = [triggers]
    if triggered and "workflow_dispatch" not in triggers:
        raise Refusal(422, "Workflow does not have 'workflow_dispatch' trigger")
    declared = triggers.get("workflow_dispatch") if isinstance(triggers, dict) else None
    return dict((declared or {}).get("inputs") or {})
