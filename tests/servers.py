"""Servers on this machine: a real MLflow, which can go and come back, and one that sends a page."""

from __future__ import annotations

import contextlib
import http.server
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from inputs.mlflow_server import plain_server
from inputs.ports import free_port
from wms.adapters.mlflow.client import connect

__all__ = ["free_port", "mlflow_serving", "model_files", "page_serving"]


@contextlib.contextmanager
def mlflow_serving(folder: Path, port: int) -> Iterator[str]:
    """Run `mlflow server` with its data in `folder`; it answers API calls inside the block."""
    store = f"sqlite:///{folder / 'mlflow.db'}"
    with plain_server(folder, store, port=port, environment=os.environ) as address:
        yield address


def model_files(uri: str, run_id: str) -> dict[str, bytes]:
    """The files of a run's model, as MLflow's own client fetches them, without MLflow's description of it."""
    with tempfile.TemporaryDirectory() as scratch:
        fetched = Path(connect(uri).download_artifacts(run_id, "model", scratch))
        return {path.name: path.read_bytes() for path in fetched.iterdir() if path.name != "MLmodel"}


@contextlib.contextmanager
def page_serving(status: int, page: bytes) -> Iterator[str]:
    """Answer every request with the same page, as a proxy does; yields the address."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_DELETE = do_POST = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
