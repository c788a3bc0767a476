"""A clone with the real hook, pushing to a real bare repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from clones import Project, make_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)
