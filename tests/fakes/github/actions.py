"""Workflows: dispatches, and what a workflow's own token may do."""

from __future__ import annotations

import json
import threading
from typing import Any

import yaml

from fakes.github.hub import Hub
from fakes.github.records import Dispatch, Pull, WorkflowRun
from fakes.github.wire import Answer, Refusal, Request, Routes, page
from rehearsal.engine.filters import push_starts

ROUTES = Routes()
WORKFLOWS = ".github/workflows/"


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
    hub.runs.append(
        WorkflowRun(
            id=hub.next_id(), workflow=workflow, event="workflow_dispatch", head_branch=ref, head_sha=sha
        )
    )
    if hub.on_dispatch is not None:
        threading.Thread(target=hub.on_dispatch, args=(asked_for,), daemon=True).start()
    return Answer(status=204)


@ROUTES.add("GET", "{repo}/actions/workflows/{workflow}", needs=("actions", "read"))
def get_workflow(hub: Hub, request: Request, workflow: str) -> Answer:
    workflow = _named(hub, workflow)
    _declared_inputs(hub, workflow, triggered=False)
    return Answer(body=_workflow(hub, _files(hub).index(workflow) + 1, workflow))


@ROUTES.add("GET", "{repo}/actions/workflows", needs=("actions", "read"))
def list_workflows(hub: Hub, request: Request) -> Answer:
    shown = [_workflow(hub, number, name) for number, name in enumerate(_files(hub), 1)]
    return page(request, shown, inside="workflows")


@ROUTES.add("GET", "{repo}/actions/runs", needs=("actions", "read"))
def list_runs(hub: Hub, request: Request) -> Answer:
    return page(request, _runs(hub, request), inside="workflow_runs")


@ROUTES.add("GET", "{repo}/actions/workflows/{workflow}/runs", needs=("actions", "read"))
def list_runs_of_workflow(hub: Hub, request: Request, workflow: str) -> Answer:
    workflow = _named(hub, workflow)
    _declared_inputs(hub, workflow, triggered=False)
    return page(request, _runs(hub, request, workflow), inside="workflow_runs")


@ROUTES.add("GET", "{repo}/actions/runs/{number}", needs=("actions", "read"))
def get_run(hub: Hub, request: Request, number: str) -> Answer:
    for run in _all_runs(hub):
        if str(run.id) == number:
            return Answer(body=_run_json(hub, request, run))
    raise Refusal(404, "Not Found")


@ROUTES.add("GET", "{repo}/actions/permissions", needs=("administration", "read"))
def get_permissions(hub: Hub, request: Request) -> Answer:
    settings = hub.settings
    return Answer(body={"enabled": settings.actions_enabled, "allowed_actions": settings.allowed_actions})


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
    return _files_of(hub, hub.settings.default_branch)


def _files_of(hub: Hub, branch: str) -> list[str]:
    folder = f"refs/heads/{branch}:.github/workflows"
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
    on = triggers(hub, hub.settings.default_branch, workflow)
    if on is None:
        raise Refusal(404, "Not Found")
    if triggered and "workflow_dispatch" not in on:
        raise Refusal(422, "Workflow does not have 'workflow_dispatch' trigger")
    return dict((on.get("workflow_dispatch") or {}).get("inputs") or {})


def triggers(hub: Hub, branch: str, workflow: str) -> dict[str, Any] | None:
    """What starts a workflow of a branch, with each event's settings; `None` if there is no such file."""
    text = hub.git.file(f"refs/heads/{branch}", WORKFLOWS + workflow)
    if text is None:
        return None
    document = yaml.safe_load(text)
    on = document.get("on", document.get(True))  # YAML 1.1 reads the key `on` as a boolean.
    return on if isinstance(on, dict) else dict.fromkeys([on] if isinstance(on, str) else on)


def runs_that_wait_for_approval(hub: Hub, pull: Pull) -> list[WorkflowRun]:
    """One run for each workflow that a pull request with these files starts.

    Since 2026-06-11 a pull request of `github-actions[bot]` creates the runs that a person's would start;
    they wait, with the conclusion `action_required`, until somebody with write access approves them.
    """
    # "base...head": what the pull request itself changes.
    changed = hub.git.run("diff", "--name-only", f"{pull.base}...{pull.head}")[1].splitlines()
    on = {name: triggers(hub, pull.base, name) or {} for name in _files_of(hub, pull.base)}
    return [
        WorkflowRun(
            id=hub.next_id(),
            workflow=name,
            event="pull_request",
            head_branch=pull.head,
            head_sha=pull.head_sha,
            status="completed",
            conclusion="action_required",
        )
        for name, events in on.items()
        if "pull_request" in events
        and push_starts(events["pull_request"] or {}, branch=pull.base, paths=changed)
    ]


def _workflow(hub: Hub, number: int, name: str) -> dict[str, Any]:
    state = hub.settings.workflow_states.get(name, "active")
    return {"id": number, "name": name, "path": WORKFLOWS + name, "state": state}


def _all_runs(hub: Hub) -> list[WorkflowRun]:
    """Newest first, as GitHub lists them."""
    runs = hub.runs
    if hub.runs_elsewhere is not None:
        runs = [run for run in hub.runs if run.event != "workflow_dispatch"] + hub.runs_elsewhere()
    return sorted(runs, key=lambda run: run.id, reverse=True)


def _runs(hub: Hub, request: Request, workflow: str | None = None) -> list[dict[str, Any]]:
    status, event = request.query.get("status"), request.query.get("event")
    return [
        _run_json(hub, request, run)
        for run in _all_runs(hub)
        if workflow in (None, run.workflow)
        and status in (None, run.status, run.conclusion)
        and event in (None, run.event)
    ]


def _run_json(hub: Hub, request: Request, run: WorkflowRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "event": run.event,
        "path": WORKFLOWS + run.workflow,
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "status": run.status,
        "conclusion": run.conclusion,
        "created_at": run.created_at,
        "url": f"{request.root}/repos/{hub.repository}/actions/runs/{run.id}",
        "html_url": f"https://github.example/{hub.repository}/actions/runs/{run.id}",
    }
