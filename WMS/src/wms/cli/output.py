"""The only module that prints. It knows a terminal, a plain log, GitHub Actions, and a script.

A script asks by `--json`: then standard output holds one JSON document, the command's answer or its
error, and all text for people goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click
from pydantic_core import to_jsonable_python

from wms.core.errors import Code, InputError, WmsError
from wms.core.words import counted, first_of
from wms.report.markup import text as markdown

if TYPE_CHECKING:
    from wms.core.records.dataset import Finding, ValidationReport
    from wms.core.records.github_doctor import Row

T = TypeVar("T")

AS_JSON, DOCUMENT = "wms.as_json", "wms.document"
"""In a click context's `meta`: whether standard output is for a script, and the command's answer to it."""

PLAIN_INTERVAL_SECONDS = 10.0
"""Without a terminal, progress is a line at this interval instead of a bar."""

ANNOTATED = 9
"""How many errors are annotated: GitHub shows ten annotations of a kind for a step (community discussion
26680 of github.com/orgs/community), and the command's own error is the tenth."""

EXAMPLES = 3
"""How many files are named for a warning; `--json` and the report name all of them."""


def on_github() -> bool:
    """Whether a workflow of GitHub Actions runs this."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


class ConsoleProgress:
    """`Progress` on standard error: a bar on a terminal, plain lines elsewhere.

    Work that prints its own lines often enough gets no further lines from here.
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
        """Print one line; a bar stays below it."""
        self._last_line = time.monotonic()
        if self._bar is None:
            click.echo(text, err=True)
        else:
            click.echo(f"\r\x1b[K{text}", err=True)
            self._bar.render_progress()

    def warn(self, text: str) -> None:
        """Print one line; the run's page and its job summary on GitHub show it too."""
        self.say(f"warning: {text}")
        if on_github():
            _annotate("warning", text)
            _to_runner("GITHUB_STEP_SUMMARY", f"**Warning:** {markdown(text)}")


def say(text: str) -> None:
    """Print one line of result on standard output."""
    click.echo(text, err=for_a_script())


def note(text: str) -> None:
    """Print one line about work in progress, on standard error."""
    click.echo(_printable(text), err=True)


def ask_for_json(*, asked: bool) -> None:
    """Set whether standard output is for a script, as one JSON document."""
    click.get_current_context().meta[AS_JSON] = asked


def answer(value: Any, *lines: str) -> None:
    """Give a command's answer: the lines to a person, the value to a script.

    The document for a script is printed when the command has ended, since an error may still join it.

    Args:
        value: a record, or what JSON can hold, with records anywhere in it.
        lines: the same for a person.
    """
    click.get_current_context().meta[DOCUMENT] = value
    if not for_a_script():
        for line in lines:
            say(line)


def print_document() -> None:
    """Print the answer of the command, if this is for a script."""
    meta = click.get_current_context().meta
    if for_a_script() and DOCUMENT in meta:
        _print_json(to_jsonable_python(meta[DOCUMENT]))


def document_of_error(message: str, *, remedy: str, code: int) -> None:
    """Print an error for a script, joined to the answer that the command gave before it."""
    if not for_a_script():
        return
    found = to_jsonable_python(click.get_current_context().meta.get(DOCUMENT))
    error = {"exit_code": code, "message": _printable(message, keep_lines=True), "remedy": remedy}
    _print_json({**(found if isinstance(found, dict) else {}), "error": error})


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))


def for_a_script() -> bool:
    """Whether standard output is for one JSON document alone."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(AS_JSON))


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of an aligned table."""
    rows = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(headers, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headers, ["-" * width for width in widths], *rows)
    ]


def diagnosis(rows: Iterable[Row]) -> list[str]:
    """The lines of a doctor's table."""
    found = [
        (row.area, row.name, row.result, f"{row.found}: {row.remedy}" if row.remedy else row.found)
        for row in rows
    ]
    return table(("what", "name", "result", "found: what to do"), found)


def require_all(missing: Sequence[Row]) -> None:
    """End with an error that names what a doctor found missing.

    Raises:
        InputError: something is.
    """
    if missing:
        names = ", ".join(f"{row.area} {row.name}" for row in missing)
        raise InputError(f"a run needs what is missing: {names}", Code.PREFLIGHT)


def minute(moment: datetime) -> str:
    """A moment as it stands in tables."""
    return f"{moment:%Y-%m-%d %H:%M}"


def findings(items: Sequence[Finding]) -> None:
    """Print the findings of validation: every error, and warnings grouped by rule, because they can be many.

    On GitHub the first errors are also annotations on their files.
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
        say(f"warning: [{rule}] {first_of([_printable(finding.file) for finding in found], EXAMPLES)}")
        say(f"    {_printable(_advice(found[0]))}")


def validation(report: ValidationReport) -> None:
    """Print findings and counts; a script gets the report."""
    findings(report.findings)
    answer(
        report,
        f"{counted(report.checked_pairs, 'pair')} checked: {counted(len(report.errors), 'error')}, "
        f"{counted(len(report.findings) - len(report.errors), 'warning')}, "
        f"{len(report.quarantined)} set aside",
    )


def fail(error: WmsError) -> NoReturn:
    """Print an error with its remedy and exit with its code; the run's page on GitHub shows it too."""
    show_error_on_github(str(error), error.remedy)
    stop(str(error), remedy=error.remedy, code=error.exit_code)


def stop(message: str, *, remedy: str, code: int) -> NoReturn:
    """Print what went wrong and what to do, and exit."""
    click.echo(f"error: {_printable(message, keep_lines=True)}", err=True)
    click.echo(f"  what to do: {remedy}", err=True)
    document_of_error(message, remedy=remedy, code=code)
    sys.exit(code)


def notice(text: str) -> None:
    """Print one line of result; the run's page on GitHub shows it too."""
    say(text)
    if on_github():
        _annotate("notice", text)


def show_error_on_github(message: str, remedy: str) -> None:
    """Put an error on the page of the workflow run: as an annotation, and as a line of the job summary."""
    if not on_github():
        return
    _annotate("error", f"{message} {remedy}")
    line = f"**Error:** {markdown(message)}. **What to do:** {markdown(remedy)}"
    _to_runner("GITHUB_STEP_SUMMARY", line)


def step_output(name: str, value: str) -> None:
    """Give a value to the next steps and jobs of a workflow on GitHub; elsewhere do nothing."""
    _to_runner("GITHUB_OUTPUT", f"{name}={value}")


def step_environment(values: Mapping[str, str]) -> bool:
    """Set variables for the next steps of a workflow on GitHub; false elsewhere."""
    return _to_runner("GITHUB_ENV", *(f"{name}={value}" for name, value in values.items()))


def _to_runner(variable: str, *lines: str) -> bool:
    """Append lines to the file of GitHub's runner that a variable names, if it names one."""
    path = os.environ.get(variable)
    if path:
        with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123 - pathlib cannot append
            file.writelines(f"{line}\n" for line in lines)
    return bool(path)


def mask(secret: str) -> None:
    """Hide a secret in the rest of a workflow's log."""
    if on_github():
        click.echo(f"::add-mask::{secret}", err=for_a_script())


def _advice(finding: Finding) -> str:
    """What is wrong and what to do, in two sentences."""
    stop = "" if finding.message.endswith(("?", ".")) else "."
    return f"{finding.message}{stop} {finding.remedy}"


def _printable(text: str, *, keep_lines: bool = False) -> str:
    """File names are untrusted: control characters must not reach a terminal or a log command."""
    return "".join(c if c.isprintable() or (keep_lines and c == "\n") else "\ufffd" for c in text)


def _annotate(level: str, message: str, *, file: str | None = None) -> None:
    def escaped(text: str) -> str:
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    where = f" file={escaped(file).replace(',', '%2C').replace(':', '%3A')}" if file else ""
    click.echo(f"::{level}{where}::{escaped(message)}", err=True)
