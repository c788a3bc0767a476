"""The programs of this machine that an environment on AWS needs: their versions."""

from __future__ import annotations

import platform
import re
import subprocess

QUESTIONS = {
    "terraform": ("terraform", "version"),
    "aws": ("aws", "--version"),
    "session-manager-plugin": ("session-manager-plugin", "--version"),
    "docker": ("docker", "--version"),
    "podman": ("podman", "--version"),
}
SECONDS = 30


def version_of(program: str) -> str | None:
    """The version that a program of `QUESTIONS` says; `None` if it cannot be run."""
    try:
        said = subprocess.run(
            QUESTIONS[program], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found[0] if found and said.returncode == 0 else None


def system() -> str:
    """`macos`, `windows`, `debian`, `fedora` (each with its relatives), or `other`."""
    name = {"Darwin": "macos", "Windows": "windows"}.get(platform.system())
    if name:
        return name
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "other"
    family = f"{release.get('ID', '')} {release.get('ID_LIKE', '')}".split()
    if {"debian", "ubuntu"} & set(family):
        return "debian"
    return "fedora" if {"fedora", "rhel", "amzn"} & set(family) else "other"
