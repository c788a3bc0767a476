"""An environment on moto, and a workspace that is set up for it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clouds import ROOT, Cloud, cloud_on, lead_terraform, moto_serving
from wms.cli.app import root
from wms.wiring import make_workspace

FIXTURES = Path(__file__).parent / "power/fixtures"

Wms = Callable[..., Result]


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    with moto_serving() as endpoint:
        yield endpoint


@pytest.fixture
def account(moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    return cloud_on(moto, tmp_path, monkeypatch)


@pytest.fixture
def cloud(account: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """The account, with a `terraform` that reaches it."""
    lead_terraform(account, monkeypatch)
    return account


@pytest.fixture
def stack_root(cloud: Cloud) -> Path:
    return shutil.copytree(FIXTURES / "stack", cloud.folder / "roots/stack")


@pytest.fixture
def workspace(account: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose environment `test` is the smallest stack and the real switch."""
    folder = tmp_path / "work"
    make_workspace(folder, {})
    shutil.copytree(FIXTURES / "stack", folder / "devops/terraform/stack")
    # The lock file has the hashes of the real provider.
    left = shutil.ignore_patterns(".terraform.lock.hcl")
    shutil.copytree(ROOT / "devops/terraform/power", folder / "devops/terraform/power", ignore=left)
    environment = folder / "infrastructure/test"
    environment.mkdir(parents=True)
    settings = (ROOT / "infrastructure/dev/terraform.tfvars").read_text()
    (environment / "terraform.tfvars").write_text(settings.replace('"wms-dev"', f'"{account.name}"'))
    shutil.copy(account.backend_file, environment / "backend.hcl")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WMS_ENVIRONMENT", "test")
    return folder


@pytest.fixture
def wms(workspace: Path) -> Wms:
    """Run a command in the workspace as its user does."""

    def run(*words: str, code: int = 0, **options: str) -> Result:
        result = CliRunner().invoke(root, ["infra", *words], **options)
        assert result.exit_code == code, result.output
        return result

    return run
