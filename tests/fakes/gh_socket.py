"""The settings of one repository behind GitHub's REST API, for the real `gh`, on a Unix socket.

It knows what `wms github setup` asks for and no more: rulesets, labels, settings, variables, secrets.
Lists come in pages of two, so that a caller that reads one page alone is found out.
"""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from nacl.public import PrivateKey, SealedBox

REPOSITORY = "owner/meters"
PAGE = 2


@dataclass
class Settings:
    """The repository as GitHub would have it. `requests` records what was asked, as `METHOD path`."""

    rulesets: dict[int, dict[str, Any]] | None = field(default_factory=dict)
    repository: dict[str, Any] = field(
        default_factory=lambda: {"full_name": REPOSITORY, "delete_branch_on_merge": False}
    )
    workflow: dict[str, Any] = field(
        default_factory=lambda: {
            "default_workflow_permissions": "read",
            "can_approve_pull_request_reviews": False,
        }
    )
    labels: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    refuse: tuple[str, int, str] | None = None
    """A request, the status it is answered with, and the message."""
    token: str = "a-token"
    key: PrivateKey = field(default_factory=PrivateKey.generate)

    @property
    def changes(self) -> list[str]:
        """The requests that were no questions."""
        return [request for request in self.requests if not request.startswith("GET ")]


@contextmanager
def serving(settings: Settings, socket: Path) -> Iterator[None]:
    """Answer on a socket until the block ends."""

    class Handler(_Handler):
        state = settings

    with socketserver.ThreadingUnixStreamServer(str(socket), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    state: Settings
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def address_string(self) -> str:
        return "socket"

    def _handle(self) -> None:
        address = urlsplit(self.path)
        body = json.loads(self._body() or b"{}")
        path = unquote(address.path).removeprefix(f"/repos/{REPOSITORY}").strip("/")
        request = f"{self.command} {path}"
        self.state.requests.append(request)
        if self.headers.get("Authorization") != f"token {self.state.token}":
            self._answer(401, {"message": "Bad credentials"})
        elif not address.path.startswith(f"/repos/{REPOSITORY}"):
            self._answer(404, {"message": "Not Found"})
        elif self.state.refuse is not None and self.state.refuse[0] == request:
            self._answer(self.state.refuse[1], {"message": self.state.refuse[2]})
        else:
            page = int(parse_qs(address.query).get("page", ["1"])[0])
            self._answer(*_answer(self.state, self.command, path, body), page=page)

    do_GET = do_POST = do_PUT = do_PATCH = _handle  # noqa: N815

    def _body(self) -> bytes:
        """What was sent; gh sends its standard input in chunks."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, body: Any, page: int = 1) -> None:
        rows, wrap = _rows(body)
        link = ""
        if rows is not None:
            if len(rows) > page * PAGE:
                address = self.path.split("?")[0]
                link = f'<https://api.github.com{address}?page={page + 1}>; rel="next"'
            body = wrap(rows[(page - 1) * PAGE : page * PAGE])
        data = b"" if status == 204 else json.dumps(body).encode()
        self.send_response(status)
        if link:
            self.send_header("Link", link)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _rows(body: Any) -> tuple[list[Any] | None, Any]:
    """The rows of a list, bare or below a key, and how a page of them is written."""
    if isinstance(body, list):
        return body, lambda rows: rows
    [key] = {"variables", "secrets"}.intersection(body) or [None]
    if key is None:
        return None, None
    return body[key], lambda rows: {"total_count": len(body[key]), key: rows}


def _answer(state: Settings, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    match method, path.split("/"):
        case "GET", [""]:
            return 200, state.repository
        case "PATCH", [""]:
            state.repository.update(body)
            return 200, state.repository
        case _, ["rulesets", *rest]:
            return _ruleset(state, method, rest, body)
        case "GET", ["actions", "permissions", "workflow"]:
            return 200, state.workflow
        case "PUT", ["actions", "permissions", "workflow"]:
            state.workflow = body
            return 204, {}
        case "GET", ["labels"]:
            return 200, list(state.labels.values())
        case "POST", ["labels"]:
            if body["name"].lower() in map(str.lower, state.labels):
                return 422, {"message": "Validation Failed"}
            state.labels[body["name"]] = {"id": len(state.labels), **body}
            return 201, state.labels[body["name"]]
        case "PATCH", ["labels", name]:
            [there] = [key for key in state.labels if key.lower() == name.lower()]
            old = state.labels.pop(there)
            new = {**old, **body, "name": body.pop("new_name", there)}
            state.labels[new["name"]] = new
            return 200, new
        case "GET", ["actions", "variables"]:
            return 200, {"variables": [{"name": key, "value": text} for key, text in state.variables.items()]}
        case "POST", ["actions", "variables"]:
            if body["name"] in state.variables:
                return 409, {"message": "Already exists"}
            state.variables[body["name"]] = body["value"]
            return 201, {}
        case "PATCH", ["actions", "variables", name]:
            state.variables[name] = body["value"]
            return 204, {}
        case "GET", ["actions", "secrets"]:
            return 200, {"secrets": [{"name": name} for name in state.secrets]}
        case "GET", ["actions", "secrets", "public-key"]:
            return 200, {"key_id": "1", "key": base64.b64encode(bytes(state.key.public_key)).decode()}
        case "PUT", ["actions", "secrets", name]:
            sealed = base64.b64decode(body["encrypted_value"])
            state.secrets[name] = SealedBox(state.key).decrypt(sealed).decode()
            return 201, {}
    return 404, {"message": "Not Found"}


def _ruleset(state: Settings, method: str, rest: list[str], body: dict[str, Any]) -> tuple[int, Any]:
    if state.rulesets is None:
        return 403, {
            "message": "Upgrade to GitHub Pro or make this repository public to enable this feature."
        }
    match method, rest:
        case "GET", []:
            return 200, [{"id": number, "name": item["name"]} for number, item in state.rulesets.items()]
        case "GET", [number]:
            return 200, state.rulesets[int(number)]
        case "POST", []:
            number = max(state.rulesets, default=0) + 1
        case "PUT", [text]:
            number = int(text)
        case _:
            return 404, {"message": "Not Found"}
    # GitHub adds members of its own to what it was given.
    rules = [{**rule, **_defaults(rule)} for rule in body["rules"]]
    state.rulesets[number] = {"id": number, "source_type": "Repository", **body, "rules": rules}
    return 201, state.rulesets[number]


def _defaults(rule: dict[str, Any]) -> dict[str, Any]:
    if rule["type"] != "required_status_checks":
        return {}
    return {"parameters": {"do_not_enforce_on_create": False, **rule["parameters"]}}
