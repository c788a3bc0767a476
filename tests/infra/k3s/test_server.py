"""MLflow's server as the node's image starts it: the shipped entrypoint, a real PostgreSQL, moto's S3."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from werkzeug.security import check_password_hash

from infra.k3s.conftest import ROOT, client, run
from inputs.mlflow_server import APP, Shipped, shipped_server
from inputs.postgres import Postgres
from servers import administrator, free_port, model_files
from wms.adapters.mlflow.registry import MlflowRegistry
from wms.core.files import write_bytes
from wms.core.ports import Metric

API = "/api/2.0/mlflow/experiments/search?max_results=1"
PASSWORD, NEW_PASSWORD = "first password 0123", "second password 0123"
SECRET = "MLFLOW_AUTH_ADMIN_PASSWORD"
PROXY = Path("/usr/lib/systemd/systemd-socket-proxyd")


def ask(
    port: int, path: str, *, password: str | None = None, host: str | None = None
) -> http.client.HTTPResponse:
    headers = {"Host": host or f"127.0.0.1:{port}"}
    if password is not None:
        headers["Authorization"] = administrator(password)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


@pytest.fixture(scope="module")
def bucket(aws: dict[str, str]) -> str:
    client("s3", aws).create_bucket(Bucket="served-artifacts")
    return "served-artifacts"


@pytest.fixture(scope="module")
def server(
    postgres: Postgres, aws: dict[str, str], bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shipped]:
    folder = tmp_path_factory.mktemp("shipped")
    settings = {
        **aws,
        "MLFLOW_S3_ENDPOINT_URL": aws["AWS_ENDPOINT_URL"],
        "ARTIFACTS_DESTINATION": f"s3://{bucket}",
    }
    with shipped_server(folder, postgres, port=free_port(), password=PASSWORD, settings=settings) as found:
        yield found


def test_strangers_get_nothing_but_health(server: Shipped) -> None:
    assert ask(server.port, API).status == 401
    assert ask(server.port, "/").status == 401
    assert ask(server.port, "/health").status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "evil.example:5000", "10.0.0.7:5000"])
def test_a_host_that_is_not_listed_is_refused_even_with_the_password(server: Shipped, host: str) -> None:
    assert ask(server.port, API, password=PASSWORD, host=host).status == 403


def test_a_training_is_tracked_and_its_model_stored_without_any_key_of_s3(
    server: Shipped, aws: dict[str, str], bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    for name in aws:
        monkeypatch.delenv(name, raising=False)
    write_bytes(tmp_path / "bundle/model.safetensors", b"weights")
    registry = MlflowRegistry(server.address, "meters", "register window", None)

    run_id = registry.start_run("run", params={"seed": "1"}, tags={})
    registry.log_metrics(run_id, [Metric(name="val_dice", value=0.9, step=0, timestamp_ms=1)])
    version = registry.register(run_id, tmp_path / "bundle", weights_sha256="a" * 64)
    registry.set_production(version.version)

    assert registry.production() == version.version
    assert model_files(server.address, run_id) == {"model.safetensors": b"weights"}
    listed = client("s3", aws).list_objects_v2(Bucket=bucket)["Contents"]
    assert any(item["Key"].endswith("model/model.safetensors") for item in listed)


def test_it_is_two_workers_and_nothing_of_mlflow_s_own_jobs(server: Shipped) -> None:
    (found,) = [
        process
        for process in psutil.process_iter(["cmdline"])
        if f"--port {server.port}" in " ".join(process.info["cmdline"] or [])
        and "uvicorn" in process.info["cmdline"]
    ]
    workers = [each for each in found.children() if "resource_tracker" not in " ".join(each.cmdline())]
    assert len(workers) == 2
    commands = " ".join(found.cmdline())
    assert PASSWORD not in commands
    assert "postgresql" not in commands


@pytest.mark.skipif(not PROXY.exists(), reason="systemd-socket-proxyd is not installed on this machine")
@pytest.mark.skipif(
    shutil.which("systemd-socket-activate") is None, reason="systemd-socket-activate is missing"
)
def test_the_loopback_proxy_carries_requests_and_their_host_header_as_they_are(server: Shipped) -> None:
    unit = (ROOT / "devops/node/systemd/wms-mlflow.service").read_text()
    assert f"ExecStart={PROXY} --connections-max=512 10.43.50.50:5000" in unit
    port = free_port()
    proxy = subprocess.Popen(
        ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", PROXY, f"127.0.0.1:{server.port}"],
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                allowed = ask(port, API, password=PASSWORD, host=f"127.0.0.1:{server.port}")
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert allowed.status == 200
        assert ask(port, API, password=PASSWORD).status == 403
    finally:
        proxy.kill()
        proxy.wait()


def test_a_new_password_in_the_secret_is_the_administrator_s_from_the_next_start_on(
    server: Shipped, postgres: Postgres
) -> None:
    environment = {
        **os.environ,
        "POSTGRES_HOST": "127.0.0.1",
        "POSTGRES_PORT": str(postgres.port),
        "POSTGRES_PASSWORD": postgres.password,
        SECRET: NEW_PASSWORD,
    }
    try:
        done = run(sys.executable, APP / "admin.py", environment=environment)
        assert "has the password of the environment now" in done.stdout
        assert ask(server.port, API, password=NEW_PASSWORD).status == 200
        kept = postgres.sql("SELECT password_hash FROM users WHERE username = 'admin'")
        assert not check_password_hash(kept, PASSWORD)
    finally:
        run(sys.executable, APP / "admin.py", environment=environment | {SECRET: PASSWORD})
