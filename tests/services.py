"""A real `wms serve` on this machine, and requests to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import yaml

from wms.core.settings import DRIFT_CONFIG, SERVE_CONFIG, ServeSettings, load_settings
from wms.core.settings.drift import DriftSettings
from wms.serving.front import Front
from wms.serving.run import make_server
from wms.serving.service import Service
from wms.serving.source import Source, from_folder
from wms.serving.watch import Watch

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0


@dataclass(kw_only=True)
class Client:
    """Asks a service at `address`."""

    address: str
    session: requests.Session = field(default_factory=requests.Session)

    def predict(self, *images: bytes, accept: str = "application/json", **headers: str) -> requests.Response:
        """Send images; their file names are secret."""
        files = [("image", ("a-secret-name.jpg", image)) for image in images]
        return self.session.post(
            f"{self.address}/v1/predict", files=files, headers={"Accept": accept, **headers}, timeout=60
        )

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.address}{path}", timeout=30)

    def metric(self, name: str, **labels: str) -> float:
        """A value of `/metrics`; 0 where there is none yet."""
        shown = ",".join(f'{key}="{value}"' for key, value in labels.items())
        wanted = f"{name}{{{shown}}}" if labels else name
        lines = self.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(f"{wanted} ")), 0.0)


@dataclass(kw_only=True)
class Server(Client):
    """A service in a process of its own; `log` has its standard error."""

    process: subprocess.Popen[str]
    log: Path

    def logged(self) -> list[dict[str, Any]]:
        """Each line of the log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def memory_mib(self) -> float:
        """Resident memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s*(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024


@contextlib.contextmanager
def serving_source(
    source: Source, *, page: Path | None = None, api_key: str | None = None, **settings: Any
) -> Iterator[Client]:
    """The same server in a thread of this process, which starts sooner."""
    values = load_settings(ROOT / SERVE_CONFIG, ServeSettings, settings)
    scratch = tempfile.TemporaryDirectory()
    drift = load_settings(ROOT / DRIFT_CONFIG, DriftSettings)
    watch = Watch(drift, Path(scratch.name), lambda: datetime.now(UTC))
    service = Service(values, source, front=Front(page, Path(scratch.name)), watch=watch, api_key=api_key)
    service.live.refresh()
    server = make_server(service)
    with scratch, socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            yield Client(address=f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def serving_here(bundle: Path, **options: Any) -> contextlib.AbstractContextManager[Client]:
    """`serving_source` of a model's folder."""
    return serving_source(from_folder(bundle), **options)


@contextlib.contextmanager
def serving(
    *words: str | Path, cwd: Path | None = None, environment: dict[str, str] | None = None, **settings: Any
) -> Iterator[Server]:
    """Run `wms serve` with these options and settings; it is ready inside the block."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        log = folder / "log"
        command = [sys.executable, "-m", "wms", "serve", "--port", "0", *words]
        if settings:
            values = yaml.safe_load((ROOT / SERVE_CONFIG).read_text()) | settings
            (folder / "serve.yaml").write_text(yaml.safe_dump(values))
            command += ["--settings", folder / "serve.yaml"]
        with log.open("w") as errors:
            process = subprocess.Popen(
                command,
                cwd=cwd or folder,
                env=os.environ | (environment or {}),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"http://\S+", said)
            assert found is not None, log.read_text()
            server = Server(address=found[0], process=process, log=log)
            until = time.monotonic() + START_SECONDS
            while server.get("/ready").status_code != 200:
                assert time.monotonic() < until, log.read_text()
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)
            process.stdout and process.stdout.close()
