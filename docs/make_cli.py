"""Write docs/cli.md from the commands' own help, or check that it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wms.cli.app import root

TARGET = Path(__file__).with_name("cli.md")
HEAD = """# The command line

Generated from the commands' own help by `make docs`; `make check` fails when it is out of date.

Exit codes: 0 is success (a hold is one), 1 a defect of ours, 2 a wrong command line, 130 Ctrl-C; the
others are in [errors.py](../WMS/src/wms/core/errors.py), one for each kind of failure, and every
message says what to do.
"""


def pages(command: click.Command, path: str, parent: click.Context | None = None) -> list[str]:
    """The help of a command and of all below it, as Markdown sections."""
    context = click.Context(command, info_name=path.rsplit(" ", 1)[-1], parent=parent, terminal_width=96)
    sections = [f"## `{path}`\n\n```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                sections += pages(below, f"{path} {name}", context)
    return sections


def main() -> None:
    """Write or, with --check, compare."""
    text = "\n".join([HEAD, *pages(root, "wms")])
    if "--check" in sys.argv[1:]:
        if not TARGET.is_file() or TARGET.read_text() != text:
            sys.exit("docs/cli.md is out of date: run `make docs`")
        return
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
