"""`make hooks` says what it replaces and how to go back."""

from __future__ import annotations

from pathlib import Path

import pytest

from clones import ROOT, Project

SCRIPT = str(ROOT / "devops/install-hooks.sh")


@pytest.fixture
def fresh(project: Project) -> Project:
    project.git("config", "--unset", "core.hooksPath")
    return project


def test_installing_is_said_and_can_be_repeated(fresh: Project) -> None:
    assert fresh.run("sh", SCRIPT).stdout == (
        "hooks: Git runs devops/hooks from now on; to go back: git config --unset core.hooksPath\n"
    )
    assert fresh.git("config", "core.hooksPath") == "devops/hooks"
    assert fresh.run("sh", SCRIPT).stdout == "hooks: Git runs devops/hooks already\n"


def test_hooks_that_are_not_run_any_more_are_named(fresh: Project) -> None:
    hook = fresh.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    hook.chmod(0o755)
    assert "hooks/pre-commit is not run any more" in fresh.run("sh", SCRIPT).stdout


def test_another_path_of_hooks_is_named_with_the_way_back(fresh: Project, tmp_path: Path) -> None:
    fresh.git("config", "core.hooksPath", str(tmp_path / "mine"))
    said = fresh.run("sh", SCRIPT).stdout
    assert f"core.hooksPath was {tmp_path / 'mine'}" in said
    assert f"to go back: git config core.hooksPath '{tmp_path / 'mine'}'" in said
