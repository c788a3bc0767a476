"""What `/` shows: the page that runs the model in the browser, or a short text where it was not built."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PLAIN = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Water meters: the register window</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem;
color-scheme: light dark }</style>
<h1>Water meters: the register window</h1>
<p>This service marks the register window in photographs of water meters.</p>
<ul><li><a href="docs">How to call it, with examples</a></li>
<li><a href="version">The model that it runs</a></li></ul>
</html>
"""

ISOLATED = [
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
]
"""A page gets WebAssembly threads only in isolation (developer.mozilla.org, "crossOriginIsolated")."""


class Front:
    """The application at `/`. `folder` holds the page's files, or is `None`; it may change at any time."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file of the page."""

        async def isolated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += ISOLATED
            await send(message)

        page: ASGIApp = HTMLResponse(PLAIN)
        if self.folder is not None:
            page = StaticFiles(directory=self.folder, html=True)
        elif scope["path"] != "/" or scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        await page(scope, receive, isolated)
