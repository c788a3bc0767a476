"""Servers on this machine: a real MLflow at a port of the test's choice, and one that answers as told."""

from __future__ import annotations

import base64
import contextlib
import http.server
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from inputs.mlflow_server import plain_server
from inputs.ports import free_port
from wms.adapters.mlflow.client import connect

__all__ = ["administrator", "answering", "free_port", "mlflow_serving", "model_files"]


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


def administrator(password: str) -> str:
    """The header `Authorization` of MLflow's administrator."""
    return "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()


@contextlib.contextmanager
def answering(answer: Callable[[str, str | None], int], body: bytes = b"{}") -> Iterator[int]:
    """Run a server whose code follows from a path and the header `Authorization`; yields its port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer(self.path, self.headers.get("Authorization")))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_DELETE = do_POST = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()
