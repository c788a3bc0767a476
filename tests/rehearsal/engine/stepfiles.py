"""The files by which a step speaks to the runner: GITHUB_OUTPUT, GITHUB_ENV, GITHUB_PATH and the summary."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.engine.commands import FileCommandError, parse_pairs

SUMMARY_LIMIT_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a step wrote."""

    outputs: Mapping[str, str]
    env: Mapping[str, str]
    path: tuple[str, ...]
    summary: str


@dataclass(frozen=True, kw_only=True)
class StepFiles:
    """Fresh files for one step."""

    folder: Path

    @classmethod
    def make(cls, temp: Path) -> StepFiles:
        """Make them, empty."""
        folder = temp / "_runner_file_commands" / uuid.uuid4().hex
        folder.mkdir(parents=True)
        result = cls(folder=folder)
        for path in result.environment().values():
            Path(path).touch()
        return result

    def environment(self) -> dict[str, str]:
        """The variables that name them."""
        names = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_STATE")
        return {name: str(self.folder / name.lower()) for name in names}

    def read(self) -> Said:
        """What the step wrote.

        Raises:
            FileCommandError: a file is malformed, a variable may not be set, the summary is too long.
        """
        env = parse_pairs(self._text("GITHUB_ENV"), file="env")
        if "NODE_OPTIONS" in env:
            raise FileCommandError("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
        summary = self._text("GITHUB_STEP_SUMMARY")
        if len(summary.encode()) > SUMMARY_LIMIT_BYTES:
            raise FileCommandError(
                "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k"
            )
        return Said(
            outputs=parse_pairs(self._text("GITHUB_OUTPUT"), file="output"),
            env=env,
            path=tuple(line for line in self._text("GITHUB_PATH").splitlines() if line),
            summary=summary,
        )

    def _text(self, name: str) -> str:
        path = Path(self.environment()[name])
        return (
            path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n") if path.exists() else ""
        )
