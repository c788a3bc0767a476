"""The service's image: built and run by podman as the node runs it, on a Debian base in the place of its own.

The base of serve.Dockerfile cannot be pulled everywhere; debootstrap makes one with Debian's Python. The
wheels are fetched here and built in without a network.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from factories import make_manifest, make_provenance
from inputs.ports import free_port
from pipeline.small import write_bundle
from services import Client
from unit.serving.conftest import photograph
from wms.core.files import read_record
from wms.core.records.training import CARD_FILE, ModelCard
from wms.serving.answer import Answer

ROOT = Path(__file__).parents[2]
CONTAINERS = ROOT / "devops/containers"
MIRROR = "http://deb.debian.org/debian"
TOOLS = ("podman", "debootstrap", "runc")
# In a container of our own there is no systemd, no bridge and a low limit of files.
PODMAN = ("podman", "--cgroup-manager=cgroupfs", "--runtime=runc")
LIMITS = ("--network=host", "--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096")
BASE, IMAGE = "localhost/wms-test-base:1", "localhost/wms-test-serve:1"
BASE_MB = 125
"""Of python:3.12-slim-bookworm, as Docker Hub lists it unpacked."""

pytestmark = pytest.mark.soak


def ran(*words: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(
            f"containers need root and {', '.join(TOOLS)}; missing here: {', '.join(missing) or 'root'}"
        )
    scratch = tmp_path_factory.mktemp("image")
    root = scratch / "root"
    packages = "python3,python3-venv,python3-pip,python-is-python3"
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", root, MIRROR],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"no base image can be made: debootstrap cannot fetch Debian: {made.stdout[-200:]}")
    with subprocess.Popen(["tar", "--directory", root, "--create", "."], stdout=subprocess.PIPE) as packed:
        subprocess.run([*PODMAN, "import", "-", BASE], stdin=packed.stdout, check=True, capture_output=True)
    context = scratch / "containers"
    shutil.copytree(CONTAINERS, context, ignore=shutil.ignore_patterns("dist"))
    pip = (sys.executable, "-m", "pip", "--quiet")
    ran(*pip, "wheel", "--no-deps", "--wheel-dir", context / "serve/dist", ROOT)
    version = ran(root / "usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()
    wanted = ("--python-version", version, "--only-binary", ":all:")
    requirements = context / "serve/requirements.txt"
    ran(*pip, "download", *wanted, "--dest", scratch / "wheels", "--requirement", requirements)
    (scratch / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    dockerfile = context / "serve.Dockerfile"
    text, replaced = re.subn(r"python:\S+@sha256:\w+", BASE, dockerfile.read_text())
    assert replaced == 2
    dockerfile.write_text(text)
    volumes = ("--volume", f"{scratch}/wheels:/wheels:ro", "--volume", f"{scratch}/pip.conf:/etc/pip.conf:ro")
    ran(*PODMAN, "build", *LIMITS, "--format=docker", *volumes, "--file", dockerfile, "--tag", IMAGE, context)
    yield IMAGE
    ran(*PODMAN, "rmi", "--force", IMAGE, BASE)


def size_mb(image: str) -> float:
    (found,) = json.loads(ran(*PODMAN, "image", "inspect", image))
    return float(found["Size"]) / 1e6


def test_it_stays_below_400_mb(image: str) -> None:
    assert BASE_MB + size_mb(image) - size_mb(BASE) < 400


def test_it_serves_a_folder_as_nobody_on_a_read_only_root(image: str, tmp_path: Path) -> None:
    write_bundle(tmp_path / "model", skill=1.0, provenance=make_provenance(make_manifest(10)))
    port = free_port()
    limits = ("--read-only", "--read-only-tmpfs=false", "--tmpfs=/tmp", "--cap-drop=all", "--memory=512m")
    secure = ("--security-opt=no-new-privileges",)
    volume = ("--volume", f"{tmp_path / 'model'}:/model:ro")
    options = ("--host", "127.0.0.1", "--port", str(port), "--model", "/model")
    began = time.monotonic()
    container = ran(*PODMAN, "run", "--detach", *LIMITS, *limits, *secure, *volume, image, *options).strip()
    try:
        client = Client(address=f"http://127.0.0.1:{port}")
        while True:
            assert time.monotonic() < began + 60, ran(*PODMAN, "logs", container)
            try:
                if client.get("/ready").status_code == 200:
                    break
            except requests.ConnectionError:
                time.sleep(0.1)
        digest = read_record(tmp_path / "model" / CARD_FILE, ModelCard).onnx_sha256
        assert client.get("/version").json()["digest"] == digest
        large = photograph(size=(4000, 3000))
        for images in ([photograph()], [large] * 4):
            found = Answer.model_validate_json(client.predict(*images).content)
            assert all(each.box is not None for each in found.images)
        assert ran(*PODMAN, "exec", container, "id", "--user").strip() == "10001"
        written = subprocess.run(
            [*PODMAN, "exec", container, "touch", "/opt/wms/x"], capture_output=True, text=True, check=False
        )
        assert "Read-only file system" in written.stderr
        ran(*PODMAN, "stop", "--time", "25", container)
        (state,) = json.loads(ran(*PODMAN, "inspect", container))
        assert state["State"]["ExitCode"] == 0
    finally:
        subprocess.run([*PODMAN, "rm", "--force", container], capture_output=True, check=False)
