"""Port forwarding to the instance through AWS Systems Manager: no port of it is open to anybody."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wms.adapters.aws.session import Aws, asking
from wms.core.errors import Code, ComputeError

ADMIN = "admin"
QUESTION = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=Default"
RESTART_SECONDS = 2.0
ASK_SECONDS = 0.3
END_SECONDS = 30
PROGRAMS = {
    "aws": "Install the AWS CLI, version 2: `wms infra doctor` says how.",
    "session-manager-plugin": "Install AWS's Session Manager plugin: `wms infra doctor` says how.",
}


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """Both ends of the tunnel, and the tracking server's password.

    `document` is the Session document, which names the port of the instance (modules/k3s_node/session.tf).
    """

    instance_id: str
    region: str
    local_port: int
    document: str
    password: str

    @property
    def address(self) -> str:
        """The tracking server as seen from here."""
        return f"http://127.0.0.1:{self.local_port}"

    def client_environment(self) -> dict[str, str]:
        """The variables by which MLflow's client finds the server and is let in.

        Raises:
            ComputeError: the password has a line break, which an environment file cannot hold.
        """
        if len(self.password.splitlines()) != 1:
            raise ComputeError("the tracking server's password is empty or has several lines", Code.TUNNEL)
        return {
            "MLFLOW_TRACKING_URI": self.address,
            "MLFLOW_TRACKING_USERNAME": ADMIN,
            "MLFLOW_TRACKING_PASSWORD": self.password,
        }

    def answer(self) -> str:
        """What the server says to an authenticated call: `ok`, or what was wrong.

        `/health` answers everybody, before the server can do anything, so it tells nothing.
        """
        credentials = base64.b64encode(f"{ADMIN}:{self.password}".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.local_port, timeout=10)
        try:
            connection.request("GET", QUESTION, headers={"Authorization": f"Basic {credentials}"})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"no answer ({type(error).__name__})"
        finally:
            connection.close()
        # A server without that experiment has understood, and let us in.
        return "ok" if status in (http.HTTPStatus.OK, http.HTTPStatus.NOT_FOUND) else f"HTTP {status}"

    def keep_open(self, tell: Callable[[str], None]) -> None:
        """Hold the tunnel open until interrupted; a session that ends by itself is started again.

        Raises:
            ComputeError: a program is missing, the port is taken, or the first session failed.
        """
        self._require_means()
        opened = False
        while True:
            with subprocess.Popen(
                self._session(), stdin=subprocess.DEVNULL, start_new_session=True
            ) as session:
                try:
                    while session.poll() is None:
                        opened = opened or self._listens()
                        time.sleep(0.5)
                finally:
                    # The CLI leaves its plugin behind when it is ended alone.
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(session.pid, signal.SIGTERM)
            if not opened:
                raise ComputeError(
                    f"the session with {self.instance_id} ended before it forwarded anything (exit code "
                    f"{session.returncode})",
                    Code.TUNNEL,
                    remedy="See what `aws ssm start-session` says above; is the instance's agent up?",
                )
            tell(f"the session ended (exit code {session.returncode}) and is started again")
            time.sleep(RESTART_SECONDS)

    def detach(self, keeper: Sequence[str], *, log: Path, wait_seconds: float) -> int:
        """Leave the tunnel open in the background; return the process that holds it once MLflow answers.

        Args:
            keeper: the words of the `wms` command that holds this tunnel open.
            log: where it writes what it says.
            wait_seconds: how long MLflow may take to answer.

        Raises:
            ComputeError: it ended, or MLflow did not answer in time; nothing is left running.
        """
        self._require_means()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "wms", *keeper],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_for_answer(process, log, wait_seconds)
        except BaseException:
            process.terminate()
            process.wait(timeout=END_SECONDS)
            raise
        return process.pid

    def _session(self) -> list[str]:
        near_end = {"localPortNumber": [str(self.local_port)]}
        return [
            *("aws", "ssm", "start-session", "--target", self.instance_id, "--region", self.region),
            *("--document-name", self.document, "--parameters", json.dumps(near_end)),
        ]

    def _wait_for_answer(self, process: subprocess.Popen[bytes], log: Path, wait_seconds: float) -> None:
        deadline = time.monotonic() + wait_seconds
        while process.poll() is None:
            said = self.answer()
            if said == "ok":
                return
            if time.monotonic() > deadline:
                raise ComputeError(
                    f"MLflow did not answer at {self.address} within {wait_seconds:.0f} s: {said}",
                    Code.TUNNEL,
                    remedy="Give it more time (--wait), or see what MLflow logs on the instance.",
                )
            time.sleep(ASK_SECONDS)
        raise ComputeError(
            f"the tunnel ended: {' '.join(log.read_text(errors='replace').split())[-600:]}", Code.TUNNEL
        )

    def _require_means(self) -> None:
        for program, remedy in PROGRAMS.items():
            if shutil.which(program) is None:
                raise ComputeError(
                    f"{program} is not on the PATH of this machine", Code.TUNNEL, remedy=remedy
                )
        if self._listens():
            raise ComputeError(
                f"something listens on port {self.local_port} already, such as an earlier tunnel",
                Code.TUNNEL,
                remedy="End it, or choose another port with --port.",
            )

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.local_port)) == 0


def admin_password(aws: Aws, parameter: str) -> str:
    """The tracking server's password, as the node keeps it.

    Raises:
        ComputeError: there is no such parameter, or it may not be read.
    """
    with asking(f"for the parameter {parameter}"):
        found = aws.client("ssm").get_parameter(Name=parameter, WithDecryption=True)
    return str(found["Parameter"]["Value"])
