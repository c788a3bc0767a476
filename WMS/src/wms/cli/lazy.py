"""A click group that imports a command only to call it or to show its own help."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Entry:
    """A command that is not imported yet: its `module:function`, and its line in the group's help."""

    target: str
    summary: str


class LazyGroup(click.Group):
    """A group of commands that are not imported yet, and of groups; its help needs no import."""

    def __init__(self, *, name: str, help: str, entries: Mapping[str, Entry | click.Group]) -> None:  # noqa: A002
        super().__init__(name=name, help=help)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are used."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        entry = self.entries.get(cmd_name)
        if not isinstance(entry, Entry):
            return entry
        module, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 - a wrong entry is a bug
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help lines without importing the commands."""
        rows = [
            (name, entry.summary if isinstance(entry, Entry) else entry.help or "")
            for name, entry in self.entries.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
