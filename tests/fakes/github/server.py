"""The HTTP server of the stand-in, on a port of this machine or on a Unix socket."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from fakes.github import (
    actions,
    commits,
    deployments,
    issues,
    pulls,
    releases,
    repository,
    rules,
    vault,
)
from fakes.github.hub import Hub
from fakes.github.records import NOBODY, Dispatch
from fakes.github.wire import Answer, Refusal, Request, find_route

PREFIX = "/api/v3"
# Rules come before commits: `branches/x/protection` would read as a branch named `x/protection`.
ROUTES = [
    route
    for noun in (rules, releases, deployments, issues, pulls, commits, actions, vault, repository)
    for route in noun.ROUTES.all
]


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False


class _TcpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class FakeGitHub(Hub):
    """A `Hub` that is served; use it as a context manager.

    Args:
        git: the bare repository, which must exist.
        repository: `owner/name`.
        workflows: see `Hub`.
        on_dispatch: see `Hub`.
        unix_socket: also listen there, for `gh` with its setting `http_unix_socket`.
    """

    def __init__(
        self,
        *,
        git: Path,
        repository: str,
        workflows: set[str] | None = None,
        on_dispatch: Callable[[Dispatch], None] | None = None,
        unix_socket: Path | None = None,
    ) -> None:
        super().__init__(git=git, repository=repository, workflows=workflows, on_dispatch=on_dispatch)
        handler = type("Handler", (_Handler,), {"hub": self})
        self._servers: list[socketserver.BaseServer] = [_TcpServer(("127.0.0.1", 0), handler)]
        if unix_socket is not None:
            self._servers.append(_UnixServer(str(unix_socket), handler))

    @property
    def url(self) -> str:
        """The server's own address."""
        return f"http://127.0.0.1:{self._servers[0].server_address[1]}"  # type: ignore[attr-defined]

    @property
    def api_url(self) -> str:
        """What `GITHUB_API_URL` would be."""
        return f"{self.url}{PREFIX}"

    def secret(self, name: str) -> str:
        """A repository secret's plain text."""
        return vault.unsealed(self, name)

    def __enter__(self) -> Self:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeGitHub
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # Headers and body leave together.

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Tests speak for themselves."""

    def _serve(self) -> None:
        answer = self._answer(self._body())
        raw = isinstance(answer.body, bytes)
        data = answer.body if raw else b"" if answer.body is None else json.dumps(answer.body).encode()
        with contextlib.suppress(ConnectionError):
            self.send_response(answer.status)
            kind = "application/octet-stream" if raw else "application/json; charset=utf-8"
            self.send_header("Content-Type", kind)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(data)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

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

    def _own_address(self) -> str:
        """The host that was asked: gh, on the socket, sends its token to no other."""
        host = self.headers.get("Host", "")
        return f"https://{host}" if "github" in host else self.hub.url

    def _answer(self, data: bytes) -> Answer:
        hub, parts = self.hub, urlsplit(self.path)
        path = unquote(parts.path)
        root = hub.api_url if path.startswith((PREFIX, "/api/")) else self._own_address()
        path = path.removeprefix(PREFIX) or "/"
        with hub.lock:
            try:
                hub.requests.append(f"{self.command} {path}")
                fault = hub.take_fault(self.command, path)
                if fault is not None and not fault.after:
                    return Answer(status=fault.status, body=fault.body, headers=fault.headers)
                caller = self._caller()
                uploaded = path.startswith(releases.UPLOADS)
                body: Any = json.loads(data) if data and not uploaded else {}
                request = Request(
                    method=self.command,
                    path=path,
                    query=dict(parse_qsl(parts.query)),
                    body=body,
                    caller=caller,
                    root=root,
                    max_per_page=hub.settings.max_per_page,
                    data=data,
                    accept=self.headers.get("Accept", ""),
                )
                route, named = find_route(hub, request, ROUTES)
                if "/pulls/" not in path or self.command != "GET":
                    hub.sync()
                answer = route.handler(hub, request, **named)
            except Refusal as refusal:
                return refusal.answer
            if fault is not None:
                return Answer(status=fault.status, body=fault.body, headers=fault.headers)
            return answer

    def _caller(self) -> Any:
        sent = self.headers.get("Authorization", "")
        if (
            not sent
            and self.command == "GET"
            and self.path.startswith((f"{PREFIX}/repos/", releases.STORAGE))
        ):
            if self.hub.settings.private and not self.path.startswith(releases.STORAGE):
                raise Refusal(404, "Not Found")
            return NOBODY
        caller = self.hub.callers.get(sent.split(" ", 1)[-1])
        if caller is None:
            raise Refusal(401, "Bad credentials" if sent else "Requires authentication")
        return caller
