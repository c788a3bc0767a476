"""Texts from the templates `*.md.jinja`: whatever a template shows is escaped unless it is `Markdown`.

Every text fits where GitHub puts it: what does not fit is counted, never silently cut off.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from functools import cache

import jinja2

from wms.core.records.dataset import Finding
from wms.core.records.metrics import FAILURE_DICE
from wms.core.words import counted
from wms.report.markup import COMMENT_LIMIT, Markdown, code, escaped, names, table, url

TABLE_LIMIT = 60_000
"""Characters of the one long table in a comment; the rest of the comment is far below 5,000."""


def render(template: str, *, limit: int = COMMENT_LIMIT, **values: object) -> str:
    """The text of a template.

    Raises:
        ValueError: longer than GitHub takes, which the bounds on every table rule out.
    """
    filled = environment().get_template(f"{template}.md.jinja").render(values)
    body = re.sub(r"\n{3,}", "\n\n", filled).strip() + "\n"
    if len(body) > limit:
        raise ValueError(f"a text of {len(body)} characters is longer than the {limit} that fit")
    return body


def sentence(value: str) -> str:
    """A clause with a capital letter at its start and a full stop at its end."""
    return f"{value[:1].upper()}{value[1:]}{'' if value.endswith('.') else '.'}" if value else ""


@cache
def environment() -> jinja2.Environment:
    """The environment of the Markdown templates.

    Jinja's own escaping is for HTML. `finalize` escapes for Markdown in its place; what a macro or a block
    returns is plain text to it, so parts of a text are included instead.
    """
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("wms.report"),
        autoescape=False,  # noqa: S701 - see above
        finalize=escaped,
        undefined=jinja2.StrictUndefined,
        lstrip_blocks=True,
    )
    found.filters |= {
        "argument": lambda word: Markdown(shlex.quote(word)),
        "code": code,
        "command": lambda line: Markdown(line),  # inside a fence; its words are quoted for the shell
        "counted": counted,
        "findings": _findings,
        "names": names,
        "sentence": sentence,
        "table": table,
        "url": url,
    }
    found.globals |= {"FAILURE_DICE": FAILURE_DICE, "TABLE_LIMIT": TABLE_LIMIT}
    return found


def _findings(findings: Iterable[Finding]) -> Markdown:
    """A table of findings, errors first."""
    findings = sorted(findings, key=lambda item: item.order)
    rows = [(item.file, item.severity, item.rule, item.message, item.remedy) for item in findings]
    header = ("file", "severity", "rule", "what is wrong", "what to do")
    return table(rows, header, "cllll", characters=TABLE_LIMIT, noun="finding")
