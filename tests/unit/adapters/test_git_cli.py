"""Git asks for a password only where somebody sits at the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from wms.adapters.git.cli import Git


@pytest.mark.parametrize(("attended", "expected"), [(False, "0"), (True, "unset")])
def test_who_is_asked_for_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attended: bool, expected: str
) -> None:
    monkeypatch.delenv("GIT_TERMINAL_PROMPT", raising=False)
    git = Git(tmp_path, attended=attended)
    assert git.run("-c", "alias.x=!echo ${GIT_TERMINAL_PROMPT-unset}", "x").line == expected
