"""The only module that prints. It knows a terminal, a plain log, and GitHub Actions."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn, TypeVar

import click

from wms.domain.dataset import Finding
from wms.domain.errors import WmsError

T = TypeVar("T")

PLAIN_INTERVAL_SECONDS = 10.0
"""Without a terminal, progress is a line now and then instead of a bar."""

EXAMPLES = 3
"""Files that are named for a warning; `--json` and the report have all of them."""


def on_github() -> bool:
    """Whether a workflow of GitHub Actions runs this."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


class ConsoleProgress:
    """`Progress` on standard error: a bar on a terminal, plain lines elsewhere.

    Work that says a line of its own now and then gets no further lines from here.
    """

    def __init__(self) -> None:
        self._last_line = time.monotonic()
        self._bar: Any = None

    def track(self, items: Iterable[T], *, label: str, total: int) -> Iterator[T]:
        """Yield the items, showing how many are done."""
        if sys.stderr.isatty():
            with click.progressbar(items, length=total, label=label, file=sys.stderr) as bar:
                self._bar = bar
                try:
                    yield from bar
                finally:
                    self._bar = None
            return
        self._last_line = time.monotonic()
        for done, item in enumerate(items, start=1):
            yield item
            if time.monotonic() - self._last_line >= PLAIN_INTERVAL_SECONDS:
                self.say(f"{label}: {done}/{total}")

    def say(self, text: str) -> None:
        """Print one line; a bar that is being shown goes on below it."""
        self._last_line = time.monotonic()
        if self._bar is None:
            click.echo(text, err=True)
        else:
            click.echo(f"\r\x1b[K{text}", err=True)
            self._bar.render_progress()


def say(text: str) -> None:
    """Print one line of result on standard output."""
    click.echo(text)


def say_json(value: Any) -> None:
    """Print JSON on standard output."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print an aligned table on standard output."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(headers, *rows, strict=True)]
    for row in (headers, ["-" * width for width in widths], *rows):
        line = "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def findings(items: Sequence[Finding]) -> None:
    """Print validation's findings: every error, and warnings by rule, since those may be one a picture.

    On GitHub errors are annotations on their files as well.
    """
    for finding in sorted(
        (item for item in items if item.severity == "error"), key=lambda f: (f.file, f.rule)
    ):
        click.echo(f"error: {_printable(finding.file)} [{finding.rule}]")
        click.echo(f"    {_printable(_advice(finding))}")
        if on_github():
            _annotate("error", _advice(finding), file=finding.file)
    warnings: dict[str, list[Finding]] = defaultdict(list)
    for finding in items:
        if finding.severity == "warning":
            warnings[finding.rule].append(finding)
    for rule, found in sorted(warnings.items()):
        named = ", ".join(_printable(finding.file) for finding in found[:EXAMPLES])
        more = f" and {len(found) - EXAMPLES} more" if len(found) > EXAMPLES else ""
        click.echo(f"warning: [{rule}] {named}{more}")
        click.echo(f"    {_printable(_advice(found[0]))}")


def fail(error: WmsError) -> NoReturn:
    """Print an error with its remedy and exit with its code."""
    click.echo(f"error: {_printable(str(error), keep_lines=True)}", err=True)
    click.echo(f"  what to do: {error.remedy}", err=True)
    if on_github():
        _annotate("error", f"{error} {error.remedy}")
    sys.exit(error.exit_code)


def step_output(name: str, value: str) -> None:
    """Give a value to the steps and jobs that follow, where GitHub Actions asks for it."""
    path = os.environ.get("GITHUB_OUTPUT")
    if path:
        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - append to the runner's file
            file.write(f"{name}={value}\n")


def _advice(finding: Finding) -> str:
    """What is wrong and what to do, as two sentences."""
    stop = "" if finding.message.endswith(("?", ".")) else "."
    return f"{finding.message}{stop} {finding.remedy}"


def _printable(text: str, *, keep_lines: bool = False) -> str:
    """File names are input: control characters must not reach a terminal or a log command."""
    return "".join(c if c.isprintable() or (keep_lines and c == "\n") else "\ufffd" for c in text)


def _annotate(level: str, message: str, *, file: str | None = None) -> None:
    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    where = f" file={escaped(file).replace(',', '%2C').replace(':', '%3A')}" if file else ""
    click.echo(f"::{level}{where}::{escaped(message)}", err=True)
