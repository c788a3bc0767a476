"""What a step says to the runner: `::commands::` in its output, `name=value` in the files it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

COMMAND = re.compile(r"^\s*::(?P<name>[a-zA-Z-]+)(?:\s+(?P<properties>.*?))?::(?P<value>.*)$")
LEVELS = ("error", "warning", "notice")
DATA_ESCAPES = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))
PROPERTY_ESCAPES = (("%3A", ":"), ("%2C", ","), *DATA_ESCAPES)


class FileCommandError(Exception):
    """A file command is malformed; GitHub fails the step."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A line such as `::error file=a.py,line=3::message`."""

    name: str
    value: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """What GitHub shows on a run's page, and on the file if one is named."""

    level: str
    message: str
    title: str | None = None
    file: str | None = None
    line: int | None = None
    end_line: int | None = None
    column: int | None = None

    @classmethod
    def of(cls, command: Command) -> Annotation:
        """The annotation that an `::error::`, `::warning::` or `::notice::` makes."""
        said = command.properties
        return cls(
            level=command.name,
            message=command.value,
            title=said.get("title"),
            file=said.get("file"),
            line=_number(said.get("line")),
            end_line=_number(said.get("endLine")),
            column=_number(said.get("col")),
        )


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


def parse_pairs(text: str, *, file: str) -> dict[str, str]:
    """`name=value` lines and `name<<DELIMITER` blocks of a file command.

    Raises:
        FileCommandError: a line is neither.
    """
    result: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, value = line[:equals], line[equals + 1 :]
        elif heredoc >= 0:
            name, delimiter = line[:heredoc], line[heredoc + 2 :]
            value = _block(lines, delimiter, file=file)
        else:
            raise FileCommandError(f"Unable to process file command '{file}': Invalid format '{line}'")
        if not name:
            raise FileCommandError(f"Unable to process file command '{file}': no name in '{line}'")
        result[name] = value
    return result


def _block(lines: Iterator[str], delimiter: str, *, file: str) -> str:
    block: list[str] = []
    for line in lines:
        if line == delimiter:
            return "\n".join(block)
        block.append(line)
    raise FileCommandError(
        f"Unable to process file command '{file}': Matching delimiter not found '{delimiter}'"
    )


def _unescape(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for escaped, plain in escapes:
        text = text.replace(escaped, plain)
    return text


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
