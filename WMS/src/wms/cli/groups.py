"""A group of commands that lists them as they are used, with the first sentence of their help."""

from __future__ import annotations

import click


class Group(click.Group):
    """Commands in the order in which they were added; no help line is shortened."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are used."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line of help for each command."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(200)) for name, each in found.items() if each])
