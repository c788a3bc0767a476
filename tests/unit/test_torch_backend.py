from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers import free_port

SCRIPT = Path(__file__).parents[2] / "devops/torch_backend.py"


def choose(url: str, **variables: str) -> tuple[str, str]:
    """What the Makefile and the person are told."""
    done = subprocess.run(
        [sys.executable, SCRIPT, url],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip(), done.stderr


@pytest.fixture
def index() -> Iterator[str]:
    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/torch/" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_where_the_index_answers_uv_chooses_the_build(index: str) -> None:
    backend, said = choose(f"{index}/torch/")
    assert (backend, "(auto)" in said) == ("auto", True)


def test_an_index_that_fails_or_is_not_there_leaves_pypi(index: str) -> None:
    for url in (f"{index}/other/", f"http://127.0.0.1:{free_port()}/"):
        backend, said = choose(url)
        assert (backend, "PyPI" in said) == ("", True)


def test_an_index_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert choose(f"http://127.0.0.1:{silent.getsockname()[1]}/")[0] == ""


def test_what_the_user_has_chosen_stands(index: str) -> None:
    assert choose(f"{index}/torch/", UV_TORCH_BACKEND="cu130")[0] == "cu130"
