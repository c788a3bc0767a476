"""A clone with the real hook, pushing to a real bare repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from clones import Project, make_project


@pytest.fixture
def project(tmp_path: Path, quick_without_torch: str) -> Project:
    return make_project(tmp_path, quick_without_torch)
