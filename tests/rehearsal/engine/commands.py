"""What a step says to the runner: `::commands::` in its output, `name=value` in the files it is given."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

COMMAND = re.compile(r"^\s*::(?P<name>[a-zA-Z-]+)(?:\s+(?P<properties>.*?))?::(?P<value>.*)$")
LEVELS = ("error", "warning", "notice")
DATA_ESCAPES = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
PROPERTY_ESCAPES = (("%3A", ":"), ("%2C", ","), *DATA_ESCAPES)
SUMMARY_LIMIT_BYTES = 1024 * 1024


class FileCommandError(Exception):
    """A file command is malformed; GitHub fails the step."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A line such as `::error file=a.py::message`."""

    name: str
    value: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What GitHub shows on a run's page, and on the file if one is named."""

    level: str
    message: str
    file: str | None = None


def parse_line(line: str) -> Command | None:
    """The command in a line of output, if it is one."""
    match = COMMAND.match(line)
    if not match:
        return None
    pairs = (pair.partition("=") for pair in (match["properties"] or "").split(",") if "=" in pair)
    properties = {key.strip(): _unescape(value, PROPERTY_ESCAPES) for key, _, value in pairs}
    return Command(
        name=match["name"].lower(), value=_unescape(match["value"], DATA_ESCAPES), properties=properties
    )


def _unescape(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for escaped, plain in escapes:
        text = text.replace(escaped, plain)
    return text


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a step wrote to its files."""

    outputs: Mapping[str, str]
    env: Mapping[str, str]
    summary: str


class StepFiles:
    """Fresh files for one step: GITHUB_OUTPUT, GITHUB_ENV and the summary."""

    def __init__(self, temp: Path) -> None:
        folder = temp / "_runner_file_commands" / uuid.uuid4().hex
        folder.mkdir(parents=True)
        names = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")
        self.environment = {name: str(folder / name.lower()) for name in names}
        """The variables that name them."""
        for path in self.environment.values():
            Path(path).touch()

    def read(self) -> Said:
        """What the step wrote.

        Raises:
            FileCommandError: a file is malformed, or the summary is too long.
        """
        summary = self._text("GITHUB_STEP_SUMMARY")
        if len(summary.encode()) > SUMMARY_LIMIT_BYTES:
            raise FileCommandError(
                "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k"
            )
        return Said(outputs=self._pairs("GITHUB_OUTPUT"), env=self._pairs("GITHUB_ENV"), summary=summary)

    def _pairs(self, name: str) -> dict[str, str]:
        """`name=value` lines; the blocks `name<<DELIMITER`, which no workflow here writes, are refused."""
        pairs: dict[str, str] = {}
        for line in filter(None, self._text(name).split("\n")):
            key, equals, value = line.partition("=")
            if not key or not equals or "<<" in key:
                raise FileCommandError(f"Unable to process file command '{name}': Invalid format '{line}'")
            pairs[key] = value
        return pairs

    def _text(self, name: str) -> str:
        return Path(self.environment[name]).read_text(encoding="utf-8", errors="replace")
