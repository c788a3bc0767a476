"""The repository's variables and secrets; secrets arrive sealed, as on GitHub."""

from __future__ import annotations

import base64
from typing import Any

from nacl.public import PrivateKey, SealedBox

from fakes.github.hub import Hub
from fakes.github.records import now
from fakes.github.wire import Answer, Refusal, Request, Routes, page

ROUTES = Routes()
KEY_ID = "standin-key"
PRIVATE_KEY = PrivateKey.generate()
WRITE, READ = ("secrets", "write"), ("secrets", "read")
WRITE_VARIABLES, READ_VARIABLES = ("variables", "write"), ("variables", "read")


def unsealed(hub: Hub, name: str) -> str:
    """A secret's plain text, for a test to look at."""
    return SealedBox(PRIVATE_KEY).decrypt(base64.b64decode(hub.sealed_secrets[name])).decode()


@ROUTES.add("GET", "{repo}/actions/variables", needs=READ_VARIABLES)
def list_variables(hub: Hub, request: Request) -> Answer:
    listed = [_variable(name, value) for name, value in sorted(hub.variables.items())]
    return page(request, listed, inside="variables")


@ROUTES.add("POST", "{repo}/actions/variables", needs=WRITE_VARIABLES)
def create_variable(hub: Hub, request: Request) -> Answer:
    name = str(request.body["name"])
    if name in hub.variables:
        raise Refusal(409, "Already exists - Variable already exists")
    hub.variables[name] = str(request.body["value"])
    return Answer(status=201, body={})


@ROUTES.add("PATCH", "{repo}/actions/variables/{name}", needs=WRITE_VARIABLES)
def change_variable(hub: Hub, request: Request, name: str) -> Answer:
    _known(hub.variables, name)
    hub.variables[name] = str(request.body["value"])
    return Answer(status=204)


@ROUTES.add("GET", "{repo}/actions/secrets", needs=READ)
def list_secrets(hub: Hub, request: Request) -> Answer:
    return page(request, [_dated(name) for name in sorted(hub.sealed_secrets)], inside="secrets")


@ROUTES.add("GET", "{repo}/actions/secrets/public-key", needs=READ)
def public_key(hub: Hub, request: Request) -> Answer:
    key = base64.b64encode(bytes(PRIVATE_KEY.public_key)).decode()
    return Answer(body={"key_id": KEY_ID, "key": key})


@ROUTES.add("PUT", "{repo}/actions/secrets/{name}", needs=WRITE)
def put_secret(hub: Hub, request: Request, name: str) -> Answer:
    if request.body.get("key_id") != KEY_ID:
        raise Refusal(422, "Bad request - public key id is not valid")
    new = name not in hub.sealed_secrets
    hub.sealed_secrets[name] = str(request.body["encrypted_value"])
    return Answer(status=201, body={}) if new else Answer(status=204)


def _known(kept: dict[str, str], name: str) -> str:
    if name not in kept:
        raise Refusal(404, "Not Found")
    return kept[name]


def _dated(name: str) -> dict[str, Any]:
    return {"name": name, "created_at": now(), "updated_at": now()}


def _variable(name: str, value: str) -> dict[str, Any]:
    return {**_dated(name), "value": value}
