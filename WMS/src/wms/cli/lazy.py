"""A click group that imports a command only when it is called or asked for its own help."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import click

AS_JSON = "wms.as_json"
"""In a click context's `meta`: whether standard output is to hold one JSON document and nothing else."""


@dataclass(frozen=True)
class Entry:
    """A command that is not imported yet: where it lies, and its line in the group's help."""

    target: str
    summary: str


class LazyGroup(click.Group):
    """A group whose commands are `Entry`s, so that `--help` starts without their imports."""

    def __init__(self, *, name: str, entries: dict[str, Entry], help: str) -> None:  # noqa: A002
        super().__init__(name=name, help=help)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are used."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - a wrong entry is a defect of ours
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])
