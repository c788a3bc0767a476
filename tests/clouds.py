"""An AWS account on this machine: moto's server, reached by the real `terraform` through a fake provider."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).parents[1]
PROVIDER = ROOT / "tests/infra/provider"
ENVIRONMENT = ROOT / ".cache/fake-aws-provider"
VERSION = "6.25.0"

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextlib.contextmanager
def moto_serving() -> Iterator[str]:
    """Run moto's server; yields its address. All accounts and services of it are empty at first."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def enter_cloud(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Lead everything that speaks to AWS to `endpoint`, by nothing but the environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)


def terraform_configuration(folder: Path) -> Path:
    """A configuration of the real `terraform` by which `hashicorp/aws` is the fake provider.

    The test is skipped where there is no `terraform`, or where the provider's own packages cannot be had.
    """
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform binary on this machine")
    mirror = folder / f"mirror/registry.terraform.io/hashicorp/aws/{VERSION}"
    for platform in ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"):
        program = mirror / platform / f"terraform-provider-aws_v{VERSION}"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec "{_provider_python()}" "{PROVIDER / "main.py"}" "$@"\n')
        program.chmod(0o755)
    configuration = folder / "terraform.rc"
    configuration.write_text(
        "disable_checkpoint = true\n"
        f'provider_installation {{\n  filesystem_mirror {{ path = "{folder / "mirror"}" }}\n}}\n'
    )
    return configuration


def _provider_python() -> Path:
    """The interpreter of the provider's own environment, made when it is first wanted."""
    wanted = (PROVIDER / "requirements.txt").read_text()
    python, stamp = ENVIRONMENT / "bin/python", ENVIRONMENT / "requirements.txt"
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with FileLock(ENVIRONMENT.with_suffix(".lock"), timeout=300):
        if not stamp.exists() or stamp.read_text() != wanted:
            uv = Path(sys.executable).with_name("uv")
            make = ("venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT)
            fill = ("pip", "install", "--quiet", "--python", python, "-r", PROVIDER / "requirements.txt")
            for words in (make, fill):
                done = subprocess.run([uv, *words], capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    pytest.skip(f"the fake provider's packages cannot be had: {done.stderr.strip()[-300:]}")
            stamp.write_text(wanted)
    return python
