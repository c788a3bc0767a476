"""Deployments and their statuses, and the settings of GitHub Pages.

What it refuses follows docs.github.com, "REST API endpoints for deployments" and "... for deployment
statuses": the default branch is merged into the ref unless `auto_merge` is false; every check must have
passed unless `required_contexts` is empty; a success makes earlier deployments of an environment inactive,
unless it is a production environment, which by default is the one of that name; one that was no success
stays as it is.
"""

from __future__ import annotations

from typing import Any

from fakes.github.hub import Hub
from fakes.github.records import Deployment
from fakes.github.wire import Answer, Refusal, Request, Routes, check_length, invalid, page

ROUTES = Routes()
READ, WRITE = ("deployments", "read"), ("deployments", "write")
STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
MAX_DESCRIPTION = 140


@ROUTES.add("POST", "{repo}/deployments", needs=WRITE)
def create(hub: Hub, request: Request) -> Answer:
    body = request.body
    sha = hub.git.commit(str(body["ref"]))
    if sha is None:
        raise Refusal(422, f"No ref found for: {body['ref']}")
    if body.get("auto_merge", True) and not hub.git.contains(sha, hub.git.tip(hub.settings.default_branch)):
        raise Refusal(409, "Conflict merging main into the ref")
    statuses = hub.combined(sha)
    contexts = body.get("required_contexts", list(statuses))
    if any(name not in statuses or statuses[name].state != "success" for name in contexts):
        raise Refusal(409, f"Conflict: Commit status checks failed for {body['ref']}.")
    environment = str(body.get("environment") or "production")
    made = Deployment(
        id=hub.next_id(),
        sha=sha,
        environment=environment,
        description=str(body.get("description") or ""),
        production=bool(body.get("production_environment", environment == "production")),
    )
    hub.deployments[made.id] = made
    return Answer(status=201, body=_shown(hub, request, made))


@ROUTES.add("GET", "{repo}/deployments", needs=READ)
def list_all(hub: Hub, request: Request) -> Answer:
    asked = request.query.get("environment")
    newest_first = reversed(hub.deployments.values())
    found = [each for each in newest_first if asked in (None, each.environment)]
    return page(request, [_shown(hub, request, each) for each in found])


@ROUTES.add("POST", "{repo}/deployments/{number}/statuses", needs=WRITE)
def set_state(hub: Hub, request: Request, number: str) -> Answer:
    known, body = hub.deployments.get(int(number)), request.body
    if known is None:
        raise Refusal(404, "Not Found")
    if body.get("state") not in STATES:
        raise invalid("DeploymentStatus", "state", code="invalid")
    description = str(body.get("description") or "")
    check_length("DeploymentStatus", "description", description, MAX_DESCRIPTION)
    url = str(body.get("log_url") or body.get("target_url") or "")
    known.states.append((body["state"], description, url))
    if body["state"] == "success" and body.get("auto_inactive", True):
        for other in hub.deployments.values():
            earlier = other.environment == known.environment and other.id < known.id and not other.production
            if earlier and other.state == "success":
                other.states.append(("inactive", "", ""))
    return Answer(status=201, body={"id": hub.next_id(), "state": body["state"], "description": description})


@ROUTES.add("GET", "{repo}/deployments/{number}/statuses", needs=READ)
def list_states(hub: Hub, request: Request, number: str) -> Answer:
    known = hub.deployments.get(int(number))
    if known is None:
        raise Refusal(404, "Not Found")
    return page(request, [{"state": state, "description": said} for state, said, _ in reversed(known.states)])


@ROUTES.add("GET", "{repo}/pages", needs=("pages", "read"))
def site(hub: Hub, request: Request) -> Answer:
    if hub.settings.pages is None:
        raise Refusal(404, "Not Found")
    owner, name = hub.repository.split("/")
    address = f"https://{owner}.github.example/{name}/"
    return Answer(body={"html_url": address, "build_type": hub.settings.pages, "status": None})


def _shown(hub: Hub, request: Request, deployment: Deployment) -> dict[str, Any]:
    url = f"{request.root}/repos/{hub.repository}/deployments/{deployment.id}"
    return {
        "id": deployment.id,
        "url": url,
        "sha": deployment.sha,
        "ref": deployment.sha,
        "environment": deployment.environment,
        "description": deployment.description,
        "statuses_url": f"{url}/statuses",
    }
