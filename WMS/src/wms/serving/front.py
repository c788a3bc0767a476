"""What `/` shows: the page that runs the model in the browser, or a short text where there is none for it."""

from __future__ import annotations

import logging
import shutil
import uuid
from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wms.core.errors import InputError, ModelError
from wms.model.page import write_page
from wms.serving.live import Loaded

log = logging.getLogger(__name__)

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
    """The application at `/`: a given page, or else one for the loaded model, if the page is built.

    Args:
        page: the folder of a page that stays.
        scratch: where pages for models are written.
    """

    def __init__(self, page: Path | None, scratch: Path) -> None:
        self._stays = page is not None
        self._scratch = scratch
        self.folder = page

    def show(self, loaded: Loaded) -> None:
        """Write the page of a model in the place of the one before; a short text where no page can run it.

        Raises:
            StorageError: it cannot be written.
        """
        if self._stays:
            return
        folder, before = self._scratch / f"page-{uuid.uuid4().hex}", self.folder
        try:
            write_page(loaded.folder, folder, version=loaded.version)
            self.folder = folder
        except (InputError, ModelError) as error:
            log.warning("/ shows a short text: %s", error, extra={"fields": {"remedy": error.remedy}})
            self.folder = None
            shutil.rmtree(folder, ignore_errors=True)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if before is not None:
            shutil.rmtree(before, ignore_errors=True)

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
