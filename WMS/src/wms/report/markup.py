"""GitHub-flavoured Markdown that hostile file names cannot break out of.

File names come from whoever pushes data. A pipe would split a table cell, a backtick end a code
span, `@name` call a person, `closes #1` close an issue, and HTML is HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

Align = Literal["left", "right"]

COMMENT_LIMIT = 65_536
"""Characters that GitHub takes in a comment or a pull request's text."""

SUMMARY_LIMIT = 1_048_576
"""Bytes that GitHub takes in a step's job summary."""

NAME_LIMIT = 120
TEXT_LIMIT = 500

_SYNTAX = re.compile(
    r"""[\\`*|~\[\]!$]                      # code, emphasis, cells, links, formulas
    | (?<![^\W_])_+ | _+(?![^\W_])        # underscores count at the edge of a word only
    | ^[>+\-\#]                             # quotes and lists
    | (?<=www)\. | (?<=[a-z]):(?=//)      # addresses that would become links""",
    re.VERBOSE | re.IGNORECASE,
)
_REFERENCE = re.compile(r"@|(?<!&)\#(?=\w)|(?<=\bGH)-(?=\d)")
"""People, issues and pull requests; a space of no width behind the sign keeps GitHub from seeing one."""


def visible(value: str, limit: int) -> str:
    """`value` on one line, with control and direction characters spelled out, cut in the middle."""
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape", "backslashreplace").decode()
        for char in value
    )
    if len(shown) <= limit:
        return shown
    half = (limit - 1) // 2
    return f"{shown[:half]}…{shown[-half:]}"


def code(value: str) -> str:
    """A name in code style. GitHub neither links nor calls anybody from there."""
    shown = visible(value, NAME_LIMIT)
    if shown and shown == shown.strip() and not re.search(r"[`|\\]", shown):
        return f"`{shown}`"
    # A table splits cells before it sees code spans, so these names are spelled in entities instead.
    spelled = "".join(char if char.isalnum() or not char.isascii() else f"&#{ord(char)};" for char in shown)
    return f"<code>{spelled}</code>"


def text(value: str) -> str:
    """A sentence that may quote file names, with nothing in it that Markdown or GitHub acts on."""
    shown = visible(value, TEXT_LIMIT).replace("&", "&amp;").replace("<", "&lt;")
    shown = _SYNTAX.sub(lambda match: "".join(f"&#{ord(char)};" for char in match[0]), shown)
    return _REFERENCE.sub(lambda match: match[0] + "&#8203;", shown)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, align: Sequence[Align]) -> list[str]:
    """The lines of a table; cells are Markdown already."""
    rule = ["---:" if side == "right" else ":---" for side in align]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


def fitting(rows: Sequence[str], *, most: int, characters: int) -> list[str]:
    """The first rows, at most `most` of them and at most `characters` in all, line ends included."""
    kept: list[str] = []
    for row in rows[:most]:
        characters -= len(row) + 1
        if characters < 0:
            break
        kept.append(row)
    return kept
