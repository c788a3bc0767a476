"""Real MLflow servers on this machine: as the node's image starts it, and as anybody may start it."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inputs.postgres import Postgres

APP = Path(__file__).parents[2] / "devops/containers/mlflow"
START_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """A running server and what it takes to be let in."""

    address: str
    password: str
    port: int

    @property
    def environment(self) -> dict[str, str]:
        """What MLflow's client reads."""
        return {
            "MLFLOW_TRACKING_URI": self.address,
            "MLFLOW_TRACKING_USERNAME": "admin",
            "MLFLOW_TRACKING_PASSWORD": self.password,
        }


@contextlib.contextmanager
def shipped_server(
    folder: Path, postgres: Postgres, *, port: int, password: str, settings: Mapping[str, str] | None = None
) -> Iterator[Shipped]:
    """Run the shipped entrypoint until the block ends; it is ready, by the shipped probe, inside."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TMPDIR": str(folder),
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(postgres.port),
        "POSTGRES_PASSWORD": postgres.password,
        "ARTIFACTS_DESTINATION": str(folder / "artifacts"),
        "ALLOWED_HOSTS": f"127.0.0.1:{port}",
        "MLFLOW_AUTH_ADMIN_PASSWORD": password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "stays the same",
        "PORT": str(port),
        **(settings or {}),
    }
    log = folder / f"mlflow-{port}.log"

    def ready() -> bool:
        probe = [sys.executable, APP / "ready.py"]
        return subprocess.run(probe, env=environment, capture_output=True, check=False).returncode == 0

    with _running([APP / "entrypoint.sh"], environment, log, ready):
        yield Shipped(address=f"http://127.0.0.1:{port}", password=password, port=port)


@contextlib.contextmanager
def plain_server(folder: Path, store: str, *, port: int, environment: Mapping[str, str]) -> Iterator[str]:
    """Run `mlflow server` with one worker on a store; it answers API calls inside the block."""
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", store),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with _running(command, {**environment, **quiet}, folder / "log", lambda: _answers(port)):
        yield f"http://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    """`/health` answers before the API does, so an API call is what is asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def _running(
    command: Sequence[str | Path], environment: Mapping[str, str], log: Path, ready: Callable[[], bool]
) -> Iterator[None]:
    """A server with its workers, until the block ends.

    Raises:
        RuntimeError: it ended or was not ready in time; its last words are in the message.
    """
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not ready():
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the server did not get ready: {log.read_text()[-2000:]}")
                time.sleep(0.3)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
