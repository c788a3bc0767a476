"""Values are written into the settings as they lie in Git, and nothing else of the file changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from wms.cloud.settings_file import fill_in
from wms.core.errors import InputError
from wms.core.settings.infra import load_infra_settings

SHIPPED = Path(__file__).parents[3] / "infrastructure/dev/terraform.tfvars"


def test_only_the_values_change(tmp_path: Path) -> None:
    path = tmp_path / "infrastructure/dev/terraform.tfvars"
    path.parent.mkdir(parents=True)
    path.write_text(SHIPPED.read_text())
    fill_in(path, {"github_repository": "octocat/meters", "alarm_email": 'a"\\1@example.org'})
    settings = load_infra_settings(tmp_path, "dev")
    assert settings.github_repository == "octocat/meters"
    before, after = SHIPPED.read_text().splitlines(), path.read_text().splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert [line.split()[0] for line in changed] == ["github_repository", "alarm_email"]
    assert changed[1].endswith('"a\\"\\\\1@example.org"')


def test_a_file_without_the_key_is_an_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "terraform.tfvars"
    path.write_text('name = "wms-dev"\n')
    with pytest.raises(InputError, match="no line `alarm_email"):
        fill_in(path, {"name": "other", "alarm_email": "a@b"})
    assert path.read_text() == 'name = "wms-dev"\n'
