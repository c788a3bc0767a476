"""The repository itself, its labels, and who the caller is."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from fakes.github.hub import Hub
from fakes.github.pulls import READS, WRITES
from fakes.github.records import Settings
from fakes.github.wire import Answer, Refusal, Request, Routes, page

ROUTES = Routes()
ADMIN = ("administration", "write")
CHANGEABLE = tuple(
    field.name
    for field in fields(Settings)
    if field.name.startswith(("allow_", "delete_", "default_branch", "has_issues"))
)


@ROUTES.add("GET", "{repo}")
def get_repository(hub: Hub, request: Request) -> Answer:
    return Answer(body=_repository(hub, request))


@ROUTES.add("PATCH", "{repo}", needs=ADMIN)
def change_repository(hub: Hub, request: Request) -> Answer:
    for key, value in request.body.items():
        if key in CHANGEABLE:
            setattr(hub.settings, key, value)
    return Answer(body=_repository(hub, request))


@ROUTES.add("GET", "{repo}/labels", **READS)
def list_labels(hub: Hub, request: Request) -> Answer:
    return page(request, list(hub.labels.values()))


@ROUTES.add("POST", "{repo}/labels", **WRITES)
def create_label(hub: Hub, request: Request) -> Answer:
    name = str(request.body["name"])
    if name.lower() in (known.lower() for known in hub.labels):
        error = {"resource": "Label", "code": "already_exists", "field": "name"}
        raise Refusal(422, "Validation Failed", errors=[error])
    hub.labels[name] = _label(name, request.body)
    return Answer(status=201, body=hub.labels[name])


@ROUTES.add("PATCH", "{repo}/labels/{name}", **WRITES)
def change_label(hub: Hub, request: Request, name: str) -> Answer:
    known = _known_label(hub, name)
    del hub.labels[known["name"]]
    renamed = str(request.body.get("new_name", known["name"]))
    hub.labels[renamed] = _label(renamed, {**known, **request.body})
    return Answer(body=hub.labels[renamed])


def _repository(hub: Hub, request: Request) -> dict[str, Any]:
    owner, name = hub.repository.split("/")
    return {
        "id": 1,
        "node_id": "R_1",
        "name": name,
        "full_name": hub.repository,
        "owner": {"login": owner, "type": "User"},
        "private": hub.settings.private,
        "visibility": "private" if hub.settings.private else "public",
        "fork": hub.settings.fork,
        "archived": hub.settings.archived,
        "pushed_at": hub.settings.pushed_at,
        "url": f"{request.root}/repos/{hub.repository}",
        "html_url": f"https://github.example/{hub.repository}",
        "permissions": {"admin": request.caller.is_admin, "push": True, "pull": True},
        **{key: getattr(hub.settings, key) for key in CHANGEABLE},
    }


def _label(name: str, body: dict[str, Any]) -> dict[str, str]:
    return {
        "name": name,
        "color": str(body.get("color", "ededed")),
        "description": str(body.get("description") or ""),
    }


def _known_label(hub: Hub, name: str) -> dict[str, str]:
    """A label; GitHub compares names without regard to case."""
    for known, label in hub.labels.items():
        if known.lower() == name.lower():
            return label
    raise Refusal(404, "Not Found")
