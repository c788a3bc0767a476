"""The only module that prints. It knows a terminal, a plain log, GitHub Actions, and a script.

A script asks by `--json`: then standard output holds one JSON document, the command's answer or its
error, and everything that is said to a person goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import click

from wms.cli.lazy import AS_JSON
from wms.core.errors import WmsError
from wms.core.records.dataset import Finding

T = TypeVar("T")

DOCUMENT = "wms.document"
"""In a click context's `meta`: what the command answers to a script."""

PLAIN_INTERVAL_SECONDS = 10.0
"""Without a terminal, progress is a line now and then instead of a bar."""

ANNOTATED = 9
"""Errors that are annotated: GitHub shows ten annotations of a kind for a step (community discussion 26680 of
github.com/orgs/community), and the command's own error is the tenth."""

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
    click.echo(text, err=_for_a_script())


def note(text: str) -> None:
    """Print one line about work that goes on, on standard error."""
    click.echo(_printable(text), err=True)


def say_json(value: Any) -> None:
    """Keep a command's answer for a script; it is printed when the command has ended."""
    click.get_current_context().meta[DOCUMENT] = value


def print_document() -> None:
    """Print the answer that the command gave."""
    _print_json(click.get_current_context().meta[DOCUMENT])


def document_of_error(message: str, *, remedy: str, code: int) -> None:
    """Where a script asked, print an error, together with the answer that the command gave before it."""
    if not _for_a_script():
        return
    answer = click.get_current_context().meta.get(DOCUMENT)
    error = {"exit_code": code, "message": _printable(message, keep_lines=True), "remedy": remedy}
    _print_json({**(answer if isinstance(answer, dict) else {}), "error": error})


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))


def _for_a_script() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(AS_JSON))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print an aligned table on standard output."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(headers, *rows, strict=True)]
    for row in (headers, ["-" * width for width in widths], *rows):
        line = "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        say(line.rstrip())


def findings(items: Sequence[Finding]) -> None:
    """Print validation's findings: every error, and warnings by rule, since those may be one a picture.

    On GitHub the first errors are annotations on their files as well.
    """
    errors = sorted((item for item in items if item.severity == "error"), key=lambda f: (f.file, f.rule))
    for number, finding in enumerate(errors):
        say(f"error: {_printable(finding.file)} [{finding.rule}]")
        say(f"    {_printable(_advice(finding))}")
        if on_github() and number < ANNOTATED:
            _annotate("error", _advice(finding), file=finding.file)
    if on_github() and len(errors) > ANNOTATED:
        notice(f"{ANNOTATED} of {len(errors)} errors are annotated; the job summary lists them all")
    warnings: dict[str, list[Finding]] = defaultdict(list)
    for finding in items:
        if finding.severity == "warning":
            warnings[finding.rule].append(finding)
    for rule, found in sorted(warnings.items()):
        named = ", ".join(_printable(finding.file) for finding in found[:EXAMPLES])
        more = f" and {len(found) - EXAMPLES} more" if len(found) > EXAMPLES else ""
        say(f"warning: [{rule}] {named}{more}")
        say(f"    {_printable(_advice(found[0]))}")


def fail(error: WmsError) -> NoReturn:
    """Print an error with its remedy and exit with its code; on GitHub the run's page shows it too."""
    show_error_on_github(str(error), error.remedy)
    stop(str(error), remedy=error.remedy, code=error.exit_code)


def stop(message: str, *, remedy: str, code: int) -> NoReturn:
    """Print what went wrong and what to do, and exit."""
    click.echo(f"error: {_printable(message, keep_lines=True)}", err=True)
    click.echo(f"  what to do: {remedy}", err=True)
    document_of_error(message, remedy=remedy, code=code)
    sys.exit(code)


def notice(text: str) -> None:
    """Print one line of result; on GitHub it stands on the run's page as well."""
    say(text)
    if on_github():
        _annotate("notice", text)


def show_error_on_github(message: str, remedy: str) -> None:
    """Put an error on the page of the workflow run: as an annotation, and as a line of the job summary."""
    if not on_github():
        return
    _annotate("error", f"{message} {remedy}")
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        from wms.report.markup import text

        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - append to the runner's file
            file.write(f"**Error:** {text(message)}. **What to do:** {text(remedy)}\n")


def step_output(name: str, value: str) -> None:
    """Give a value to the steps and jobs that follow, where GitHub Actions asks for it."""
    path = os.environ.get("GITHUB_OUTPUT")
    if path:
        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - append to the runner's file
            file.write(f"{name}={value}\n")


def step_environment(values: Mapping[str, str]) -> bool:
    """Set variables for the steps that follow, where GitHub Actions asks for them; whether it does."""
    path = os.environ.get("GITHUB_ENV")
    if not path:
        return False
    with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - append to the runner's file
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    return True


def mask(secret: str) -> None:
    """Keep a secret out of a workflow's log from here on."""
    if on_github():
        click.echo(f"::add-mask::{secret}", err=_for_a_script())


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
