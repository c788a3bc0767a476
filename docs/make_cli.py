"""Write docs/cli.md from the commands' own help and docs/exit-codes.md from the errors, or check both."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from wms.cli.app import root
from wms.core.errors import WmsError

DOCS = Path(__file__).parent
HEAD = """# The command line

Generated from the commands' own help by `make docs`; `make check` fails when it is out of date.

Exit codes: 0 is success (a hold is one), 1 a defect of ours, 2 a wrong command line, 130 Ctrl-C; the
others are in [errors.py](../WMS/src/wms/core/errors.py), one for each kind of failure, and every
message says what to do.
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


def errors(kind: type[WmsError] = WmsError) -> Iterator[type[WmsError]]:
    """Every kind of error below one."""
    for child in kind.__subclasses__():
        yield child
        yield from errors(child)


def exit_codes() -> str:
    """The table of exit codes."""
    rows = []
    for kind in sorted(errors(), key=lambda kind: kind.exit_code):
        what = (kind.__doc__ or "").partition("\n")[0].rstrip(".")
        cells = (str(kind.exit_code), what, "yes" if kind.can_heal else "", kind.remedy)
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
