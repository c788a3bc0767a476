"""The data volume on a real block device: made, mounted, grown. It needs root, a loop device and XFS."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.k3s.conftest import NODE

MIB = 2**20


def program(*words: str | Path) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[str]:
    lacking = [name for name in ("losetup", "mkfs.xfs", "xfs_growfs") if shutil.which(name) is None]
    if os.geteuid() != 0 or lacking or "xfs" not in Path("/proc/filesystems").read_text():
        pytest.skip(f"needs root and XFS; missing: {', '.join(lacking) or 'rights or the file system'}")
    disk = tmp_path / "disk"
    disk.touch()
    os.truncate(disk, 320 * MIB)
    try:
        found = program("losetup", "--find", "--show", disk)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"there is no loop device: {error.stderr}")
    yield found
    subprocess.run(["umount", tmp_path / "root/var/lib/wms"], capture_output=True, check=False)
    program("losetup", "--detach", found)


def test_a_volume_that_was_made_larger_has_a_larger_file_system_after_one_boot(
    device: str, tmp_path: Path
) -> None:
    root, programs = tmp_path / "root", tmp_path / "bin"
    (root / "etc").mkdir(parents=True)
    (root / "etc/fstab").touch()
    programs.mkdir()
    # Of the machine's own: systemd is not told, and the file system table is not this machine's.
    for name, text in {"systemctl": "true", "mount": f'exec /bin/mount "{device}" "$1"'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    script = f"set -euo pipefail; source {NODE}/settings.sh; source {NODE}/volume.sh; mount_data_volume"
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}:/usr/sbin:/sbin",
        "WMS_BOOT_ROOT": str(root),
        "WMS_DATA_DEVICE": device,
    }

    def boot() -> int:
        done = subprocess.run(
            ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return shutil.disk_usage(root / "var/lib/wms").total

    small = boot()
    (root / "var/lib/wms/postgres/kept").write_text("kept")
    assert boot() == small
    os.truncate(tmp_path / "disk", 640 * MIB)
    program("losetup", "--set-capacity", device)
    assert boot() - small > 300 * MIB
    assert (root / "var/lib/wms/postgres/kept").read_text() == "kept"
    assert "xfs" in (root / "etc/fstab").read_text()
