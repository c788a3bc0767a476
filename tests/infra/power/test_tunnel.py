"""The way to MLflow, with a stand-in for the AWS CLI that forwards a port."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result

from clouds import Cloud
from servers import administrator, answering, free_port
from wms.adapters.aws.tunnel import Tunnel

FIXTURES = Path(__file__).parent / "fixtures"
PASSWORD = "a-password-of-the-node"

Wms = Callable[..., Result]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with the stand-ins in front; `calls` beside them holds how they were called."""
    folder = tmp_path / "programs"
    folder.mkdir()
    shutil.copy(FIXTURES / "aws", folder / "aws")
    (folder / "session-manager-plugin").write_text("#!/bin/sh\n")
    (folder / "session-manager-plugin").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(folder / "calls"))
    return folder


@pytest.fixture
def node(account: Cloud) -> str:
    """A running instance whose password is where the node keeps it."""
    name = f"/{account.name}/mlflow/admin-password"
    account.client("ssm").put_parameter(Name=name, Value=PASSWORD, Type="SecureString")
    return account.run_instance()


@dataclass
class Starting:
    """Answers as MLflow does while it starts: health at once, the API later, and to who may ask."""

    refusals: int = 2

    def __call__(self, path: str, who: str | None) -> int:
        if path.startswith("/health"):
            return 200
        if who != administrator(PASSWORD):
            return 401
        self.refusals -= 1
        return 503 if self.refusals >= 0 else 200


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Starting]:
    """A server that says 503 to the first two calls of its API."""
    server = Starting()
    with answering(server) as port:
        monkeypatch.setenv("FORWARD_TO", str(port))
        yield server


@contextlib.contextmanager
def ended_at_last(result: Result) -> Iterator[int]:
    """The process that the command left behind, ended when the block is."""
    [pid] = re.findall(r"`kill (\d+)`", result.output)
    try:
        yield int(pid)
    finally:
        os.kill(int(pid), signal.SIGTERM)


def listens(port: int) -> bool:
    return (
        Tunnel(instance_id="", region="", local_port=port, document="", password=PASSWORD).answer()
        != "no answer (ConnectionRefusedError)"
    )


@pytest.mark.usefixtures("programs")
def test_a_workflow_finds_mlflow_and_its_password_stays_out_of_the_log(
    wms: Wms, account: Cloud, node: str, starting: Starting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_ENV", str(tmp_path / "env"))
    port = free_port()
    result = wms("tunnel", "--detach", "--port", str(port))
    with ended_at_last(result):
        assert starting.refusals < 0, "it returned before the API answered"
        assert (tmp_path / "env").read_text().splitlines() == [
            f"MLFLOW_TRACKING_URI=http://127.0.0.1:{port}",
            "MLFLOW_TRACKING_USERNAME=admin",
            f"MLFLOW_TRACKING_PASSWORD={PASSWORD}",
        ]
    masked = f"::add-mask::{PASSWORD}"
    assert masked in result.output
    assert PASSWORD not in result.output.replace(masked, "")
    [call] = Path(os.environ["CALLS"]).read_text().splitlines()
    assert call.startswith(f"ssm start-session --target {node} --region us-east-1")
    # The port of the instance is the document's, not the caller's.
    assert f"--document-name {account.name}-mlflow" in call
    assert call.endswith(f'{{"localPortNumber": ["{port}"]}}')


@pytest.mark.usefixtures("programs", "node", "starting")
@pytest.mark.soak
def test_a_session_that_ends_by_itself_is_started_again(wms: Wms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_SECONDS", "6")
    port = free_port()
    with ended_at_last(wms("tunnel", "--detach", "--port", str(port))):
        deadline = time.monotonic() + 60
        while len(Path(os.environ["CALLS"]).read_text().splitlines()) < 2 or not listens(port):
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.mark.usefixtures("programs", "node", "starting")
def test_a_person_is_told_how_to_get_the_password_and_how_to_end_the_tunnel(wms: Wms) -> None:
    port = free_port()
    result = wms("tunnel", "--detach", "--port", str(port))
    with ended_at_last(result):
        assert listens(port)
        assert "aws ssm get-parameter" in result.output
        assert PASSWORD not in result.output
    deadline = time.monotonic() + 30
    while listens(port):  # the session ends with the process
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.usefixtures("programs", "node")
def test_a_session_that_is_refused_is_told_in_its_own_words(
    wms: Wms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSION_REFUSED", "TargetNotConnected: i-1 is not connected.")
    assert "TargetNotConnected" in wms("tunnel", "--detach", "--port", str(free_port()), code=63).output


@pytest.mark.usefixtures("programs", "node")
@pytest.mark.soak
def test_a_server_that_never_lets_in_is_an_error_and_leaves_nothing_running(
    wms: Wms, account: Cloud, starting: Starting
) -> None:
    name = f"/{account.name}/mlflow/admin-password"
    account.client("ssm").put_parameter(Name=name, Value="another", Type="SecureString", Overwrite=True)
    port = free_port()
    result = wms("tunnel", "--detach", "--port", str(port), "--wait", "8", code=63)
    assert "within 8 s: HTTP 401" in result.output
    assert not listens(port)


@pytest.mark.parametrize("missing", ["aws", "session-manager-plugin"])
@pytest.mark.usefixtures("node")
def test_a_missing_program_is_named(
    wms: Wms, programs: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (programs / missing).unlink()
    monkeypatch.setenv("PATH", str(programs))
    assert f"{missing} is not on the PATH" in wms("tunnel", code=63).output


@pytest.mark.usefixtures("programs")
def test_there_is_no_tunnel_to_an_instance_that_does_not_run(wms: Wms, account: Cloud, node: str) -> None:
    account.client("ec2").stop_instances(InstanceIds=[node])
    assert "stopped: there is nothing to reach" in wms("tunnel", code=62).output


@pytest.mark.usefixtures("programs")
def test_a_missing_password_is_an_error(wms: Wms, account: Cloud) -> None:
    account.run_instance()
    assert "mlflow/admin-password: ParameterNotFound" in wms("tunnel", code=40).output


@pytest.mark.usefixtures("programs", "node", "starting")
def test_a_port_that_is_taken_is_named(wms: Wms) -> None:
    port = os.environ["FORWARD_TO"]
    assert f"something listens on port {port}" in wms("tunnel", "--port", port, code=63).output
