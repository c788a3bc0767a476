"""What ships to the node, by the tools that know it: shell scripts, units of systemd, the container file."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from pathlib import Path

import pytest

from infra.k3s.conftest import NODE, ROOT, run
from lease_world import watchdog

CONTAINERS = ROOT / "devops/containers"
SCRIPTS = sorted(path for path in ROOT.glob("devops/**/*.sh") if "tests" not in path.parts)


def tool(name: str) -> Path:
    return Path(sys.executable).with_name(name)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_passes_shellcheck_and_ends_at_its_first_failure(script: Path) -> None:
    run(tool("shellcheck"), "-x", script)
    text = script.read_text()
    exempt = "ourced by" in text[:300] or text.startswith("#!/bin/sh\n")  # plain sh knows no pipefail
    assert exempt or "set -euo pipefail" in text


@pytest.mark.parametrize("program", ["deploy", "report", "watchdog"])
def test_a_program_is_written_for_the_python_of_amazon_linux(program: str) -> None:
    ast.parse((NODE / program).read_text(), feature_version=(3, 9))


@pytest.mark.parametrize("dockerfile", sorted(CONTAINERS.glob("*.Dockerfile")), ids=lambda path: path.name)
class TestDockerfile:
    def test_hadolint_finds_nothing(self, dockerfile: Path) -> None:
        run(tool("hadolint"), dockerfile)

    def test_it_starts_from_a_digest_and_ends_as_nobody_special(self, dockerfile: Path) -> None:
        lines = dockerfile.read_text().splitlines()
        for line in lines:
            if line.startswith("FROM "):
                assert re.search(r"@sha256:[0-9a-f]{64}\b", line), line
        (user,) = [line for line in lines if line.startswith("USER ")]
        assert re.fullmatch(r"USER [1-9]\d+:[1-9]\d+", user)


def test_the_server_s_versions_are_those_of_the_project_s_lock() -> None:
    locked = set((ROOT / "requirements.lock").read_text().splitlines())
    pinned = set((CONTAINERS / "mlflow/requirements.txt").read_text().splitlines())
    assert {line.split(" ;")[0] for line in pinned} <= {line.split(" ;")[0] for line in locked}
    assert any(line.startswith("mlflow==3.17.") for line in pinned)


def test_the_manifest_names_the_image_by_what_it_is_made_of() -> None:
    tag = run(CONTAINERS / "tag.sh", "mlflow").stdout.strip()
    manifest = (ROOT / "devops/k3s/base/mlflow/deployment.yaml").read_text()
    assert f"image: localhost/wms-mlflow:{tag}\n" in manifest, f"write {tag} into mlflow/deployment.yaml"


def test_another_byte_in_the_image_is_another_tag(tmp_path: Path) -> None:
    shutil.copytree(CONTAINERS, tmp_path / "containers")
    command = (tmp_path / "containers/tag.sh", "mlflow")
    before = run(*command).stdout
    assert before == run(CONTAINERS / "tag.sh", "mlflow").stdout
    with (tmp_path / "containers/mlflow/ready.py").open("a") as file:
        file.write("\n")
    assert run(*command).stdout != before


def test_what_is_downloaded_is_pinned_by_its_bytes() -> None:
    pins = dict(
        line.split("=", 1)
        for line in (NODE / "pins.env").read_text().splitlines()
        if not line.startswith("#")
    )
    assert re.fullmatch(r"v1\.\d+\.\d+\+k3s\d+", pins.pop("K3S_VERSION"))
    assert pins.keys() == {"K3S_SHA256", "K3S_IMAGES_SHA256"}
    for digest in pins.values():
        assert re.fullmatch(r"[0-9a-f]{64}", digest)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
def test_systemd_knows_every_line_of_the_units(tmp_path: Path) -> None:
    units = sorted((NODE / "systemd").iterdir())
    done = run("systemd-analyze", "verify", *units, code=None)
    absent = re.compile(r"is not executable: No such file or directory|^$")
    assert [line for line in done.stderr.splitlines() if not absent.search(line)] == []


def seconds(unit: str, name: str) -> int:
    """A time of a unit that is written in seconds."""
    return int(re.findall(rf"^{name}=(\d+)$", (NODE / "systemd" / unit).read_text(), re.MULTILINE)[0])


def test_no_limit_of_systemd_ends_what_has_limits_of_its_own() -> None:
    """Killed in the middle, the watchdog would never stop the instance."""
    look = 3 * watchdog.AWS_SECONDS + watchdog.DUMP_SECONDS + watchdog.SHUTDOWN_SECONDS
    assert look < seconds("wms-watchdog.service", "TimeoutStartSec")
    stop = (NODE / "stop.sh").read_text()
    limits = sum(int(found) for found in re.findall(r"timeout \D*(\d+)", stop))
    stopping = seconds("wms-backup-on-stop.service", "TimeoutStopSec")
    assert limits < stopping
    assert look + stopping < watchdog.SWITCH_LIMIT.total_seconds() + watchdog.AWS_SECONDS * 3


def test_the_stop_comes_before_the_end_of_k3s_and_the_network() -> None:
    """systemd stops in the reverse order of starting."""
    unit = (NODE / "systemd/wms-backup-on-stop.service").read_text()
    assert "After=k3s.service network-online.target" in unit
    assert "ExecStop=/opt/wms/node/stop.sh" in unit


def test_no_dump_is_made_up_for_at_a_boot_and_a_failed_one_is_tried_again() -> None:
    assert "Persistent" not in (NODE / "systemd/wms-backup.timer").read_text().split("[Timer]")[1]
    assert "Restart=on-failure" in (NODE / "systemd/wms-backup.service").read_text()
