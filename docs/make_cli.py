"""Write docs/cli.md from the commands and docs/exit-codes.md from the table of codes, or check both."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wms.cli.app import root
from wms.core.errors import Code

DOCS = Path(__file__).parent
HEAD = """# The command line

Generated from the commands' own help by `make docs`; `make check` fails when it is out of date.

Exit codes: 0 is success (a hold is one), 1 a defect of `wms`, 2 a wrong command line, 130 Ctrl-C; the
others are in [the table of exit codes](exit-codes.md), and every message says what to do.
"""
EXIT_CODES = """# Exit codes

Generated from [errors.py](../WMS/src/wms/core/errors.py) by `make docs`; `make check` fails when it is out
of date.

Exit codes are stable: scripts and workflows may rely on them. The message of an error says more than this
table. "Can heal" means: the same command may succeed later without a change of the run.

| code | what happened | can heal | what to do |
|---|---|---|---|
| 0 | success; a hold is a success | | |
| 1 | a defect of `wms` | | Run the command again with `--verbose` and report what it prints. |
| 2 | the command line is wrong | | See `--help`. |
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


def exit_codes() -> str:
    """The table of exit codes."""
    rows = []
    for code in sorted(Code, key=lambda code: code.exit_code):
        if code is not Code.DEFECT:
            cells = (str(code.exit_code), code.meaning, "yes" if code.can_heal else "", code.remedy)
            rows.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n")
    return EXIT_CODES + "".join(rows)


def main() -> None:
    """Write or, with --check, compare."""
    texts = {"cli.md": "\n".join([HEAD, *pages(root, "wms")]), "exit-codes.md": exit_codes()}
    for name, text in texts.items():
        target = DOCS / name
        if "--check" not in sys.argv[1:]:
            target.write_text(text)
        elif not target.is_file() or target.read_text() != text:
            sys.exit(f"docs/{name} is out of date: run `make docs`")


if __name__ == "__main__":
    main()
