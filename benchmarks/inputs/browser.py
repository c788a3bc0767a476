"""The page in the Chromium of this machine, for tests and measurements."""

from __future__ import annotations

import functools
import http.server
import io
import shutil
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from wms.model.page import BUILT

# One process, no network of its own: tests run as root and beside others.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
PATIENCE_MS = 120_000
"""A busy machine is slow, and a slow answer is no wrong one."""


def missing() -> str | None:
    """What this machine lacks to run the page; `None` if nothing."""
    if shutil.which("chromium") is None:
        return "Chromium is not installed"
    return None if (BUILT / "index.html").is_file() else "the browser page is not built; `make web` builds it"


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*ARGUMENTS, *arguments]
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a plain web server on a folder; it sends no headers that isolate a page."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        extensions_map = {  # noqa: RUF012 - as the class above has it
            **http.server.SimpleHTTPRequestHandler.extensions_map,
            ".mjs": "text/javascript",
            ".wasm": "application/wasm",
        }

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    ) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()


def open_page(page: Page, address: str) -> None:
    """Open the page and wait until its model is loaded."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.wait_for_selector("html[data-ready]")


def give(page: Page, files: Sequence[Path]) -> None:
    """Choose files, and wait until the queue is empty."""
    page.set_input_files("#files", files)
    page.wait_for_selector("#working", state="hidden")


def saved(page: Page) -> dict[str, bytes]:
    """What the zip holds, by name."""
    with page.expect_download() as download:
        page.click("#save")
    with zipfile.ZipFile(download.value.path()) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def mask_of(png: bytes) -> NDArray[np.bool_]:
    """A saved mask: bool, HxW."""
    return np.asarray(Image.open(io.BytesIO(png))) > 127
