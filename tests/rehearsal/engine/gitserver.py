"""Git over HTTP, as GitHub serves it: everybody reads, a push needs a living token with `contents: write`."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

Permissions = Mapping[str, str]
Mint = Callable[[Permissions], str]

# GitHub serves any commit by its SHA, and refuses a token's push that brings new changes to workflow files.
SERVER_CONFIG = {
    "http.receivepack": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "safe.directory": "*",
}
PRE_RECEIVE = """#!/bin/sh
# Refuses what GitHub refuses to a job's token; pushes that do not come over HTTP are people's.
[ -n "$REMOTE_USER" ] || exit 0
while read -r old new ref; do
  case "$new" in *[!0]*) ;; *) continue ;; esac
  for commit in $(git rev-list "$new" --not --all); do
    if [ -n "$(git diff-tree -r --name-only --no-commit-id --root "$commit" -- .github/workflows)" ]; then
      echo "refusing to allow a GitHub App to update a workflow without \\`workflows\\` permission ($ref)" >&2
      exit 1
    fi
  done
done
"""


class Tokens:
    """The `GITHUB_TOKEN`s of a rehearsal: one a job, with the job's permissions, dead when the job has ended.

    Args:
        mint: makes a token; a stand-in of the API that keeps its own list gives its own.
    """

    def __init__(self, mint: Mint) -> None:
        self._mint = mint
        self._living: dict[str, Permissions] = {}

    def make(self, permissions: Permissions) -> str:
        """A token for a job that starts."""
        token = self._mint(permissions)
        self._living[token] = permissions
        return token

    def grant(self, token: str) -> Permissions | None:
        """What a token may do, or `None` if it is unknown or its job has ended."""
        return self._living.get(token)

    def end(self, token: str) -> None:
        """The token's job has ended."""
        del self._living[token]


class GitServer:
    """Serves one bare repository under its owner's and its own name.

    Args:
        repository: the bare repository's folder; a `pre-receive` hook is written to it.
        name: `owner/name`.
        tokens: the tokens that may push.
    """

    def __init__(self, repository: Path, name: str, tokens: Tokens) -> None:
        self.tokens = tokens
        hook = repository / "hooks/pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(PRE_RECEIVE)
        hook.chmod(0o755)
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:
                server.answer(self, repository, name)

            do_POST = do_GET  # noqa: N815 - named by the base class

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._httpd.server_port}"
        threading.Thread(target=self._httpd.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._httpd.shutdown()
        self._httpd.server_close()

    def answer(self, request: BaseHTTPRequestHandler, repository: Path, name: str) -> None:
        """Answer a request by Git's own program."""
        url = urlsplit(request.path)
        prefix = next(p for p in (f"/{name}.git/", f"/{name}/") if url.path.startswith(p))
        pushes = "git-receive-pack" in request.path
        password = _password(request.headers.get("Authorization"))
        grant = self.tokens.grant(password) if password else None
        if grant is None and (pushes or password):
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
            request.end_headers()
            return
        if pushes and grant is not None and grant.get("contents") != "write":
            request.send_error(403, f"Permission to {name}.git denied to github-actions[bot].")
            return
        length = int(request.headers.get("Content-Length") or 0)
        body = _unchunked(request) if request.headers.get("Transfer-Encoding") else request.rfile.read(length)
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(repository),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": "/" + url.path.removeprefix(prefix),
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": request.command,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "github-actions[bot]" if grant is not None else "",
            **_config(),
        }
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=env)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((int(value.split()[0]) for key, value in headers if key == "Status"), 200)
        request.send_response(status)
        for key, value in headers:
            if key != "Status":
                request.send_header(key, value)
        request.end_headers()
        request.wfile.write(content)


def _password(header: str | None) -> str | None:
    kind, _, value = (header or "").partition(" ")
    if kind.lower() != "basic":
        return None
    return base64.b64decode(value).decode().partition(":")[2]


def _unchunked(request: BaseHTTPRequestHandler) -> bytes:
    result = b""
    while size := int(request.rfile.readline().split(b";")[0], 16):
        result += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return result


def _config() -> dict[str, str]:
    pairs = enumerate(SERVER_CONFIG.items())
    return {"GIT_CONFIG_COUNT": str(len(SERVER_CONFIG))} | {
        name: text
        for number, (key, value) in pairs
        for name, text in ((f"GIT_CONFIG_KEY_{number}", key), (f"GIT_CONFIG_VALUE_{number}", value))
    }
