"""GitHub-flavoured Markdown that hostile file names cannot break out of.

File names come from whoever pushes data. A pipe would split a table cell, a backtick end a code
span, `@name` call a person, `closes #1` close an issue, and HTML is HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from wms.core.words import counted

COMMENT_LIMIT = 65_536
"""Characters that GitHub takes in a comment or a pull request's text."""

NAME_LIMIT = 120
TEXT_LIMIT = 500

MOST_ROWS = 200
"""Most rows of a table."""

MOST_NAMES = 20
"""Most files that are named in a sentence."""

_SYNTAX = re.compile(
    r"""[\\`*|~\[\]!$]                      # code, emphasis, cells, links, formulas
    | (?<![^\W_])_+ | _+(?![^\W_])        # underscores count at the edge of a word only
    | ^(?:>|[+\-\#](?![\w.]))              # quotes and lists, but no signs of numbers
    | (?<=www)\. | (?<=[a-z]):(?=//)      # addresses that would become links""",
    re.VERBOSE | re.IGNORECASE,
)
_REFERENCE = re.compile(r"@|(?<!&)\#(?=\w)|(?<=\bGH)-(?=\d)")
"""People, issues and pull requests; a space of no width behind the sign keeps GitHub from seeing one."""


class Markdown(str):
    """A text that is Markdown already; everything else is escaped before it is put into one."""

    __slots__ = ()


def escaped(value: object) -> Markdown:
    """Markdown as it is, and the text of anything else."""
    return value if isinstance(value, Markdown) else text(str(value))


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


def code(value: str) -> Markdown:
    """A name in code style. GitHub neither links nor calls anybody from there."""
    shown = visible(value, NAME_LIMIT)
    if shown and shown == shown.strip() and not re.search(r"[`|\\]", shown):
        return Markdown(f"`{shown}`")
    # A table splits cells before it sees code spans, so these names are spelled in entities instead.
    spelled = "".join(char if char.isalnum() or not char.isascii() else f"&#{ord(char)};" for char in shown)
    return Markdown(f"<code>{spelled}</code>")


def text(value: str) -> Markdown:
    """A sentence that may quote file names, with nothing in it that Markdown or GitHub acts on."""
    shown = visible(value, TEXT_LIMIT).replace("&", "&amp;").replace("<", "&lt;")
    shown = _SYNTAX.sub(lambda match: "".join(f"&#{ord(char)};" for char in match[0]), shown)
    return Markdown(_REFERENCE.sub(lambda match: match[0] + "&#8203;", shown))


def url(value: str) -> Markdown:
    """The target of a link or an image."""
    return Markdown(quote(value, safe=":/?#@!$&'*+,;=%"))


def names(values: Iterable[str]) -> Markdown:
    """The first file names in code style, and how many follow."""
    listed = list(values)
    more = f" and {len(listed) - MOST_NAMES} more" if len(listed) > MOST_NAMES else ""
    return Markdown(", ".join(map(code, listed[:MOST_NAMES])) + more)


def table(
    rows: Iterable[Sequence[object]],
    header: Sequence[str],
    columns: str,
    *,
    characters: int = COMMENT_LIMIT,
    noun: str = "row",
) -> Markdown:
    """A table of the rows that fit; how many others there are stands below.

    Args:
        rows: cells as Markdown, or anything else, which is escaped; cells without a column are left out.
        header: the columns' names.
        columns: a letter for each: `l`eft, `r`ight, or left in `c`ode style.
        characters: most of the table.
        noun: what a row is.
    """
    lines = table_lines(rows, header, columns)
    shown = fitting(lines, most=MOST_ROWS + 2, characters=characters)
    left = len(lines) - len(shown)
    more = f"\n\n{counted(left, f'more {noun}')} not listed here." if left else ""
    return Markdown("\n".join(shown) + more)


def table_lines(rows: Iterable[Sequence[object]], header: Sequence[str], columns: str) -> list[str]:
    """The lines of a table, see `table`."""
    rule = ["---:" if column == "r" else ":---" for column in columns]
    cells = [
        [
            code(str(cell)) if column == "c" else escaped(cell)
            for cell, column in zip(row, columns, strict=False)
        ]
        for row in rows
    ]
    return [f"| {' | '.join(line)} |" for line in (map(escaped, header), rule, *cells)]


def fitting(rows: Sequence[str], *, most: int, characters: int) -> list[str]:
    """The first rows, at most `most` of them and at most `characters` in all, line ends included."""
    kept: list[str] = []
    for row in rows[:most]:
        characters -= len(row) + 1
        if characters < 0:
            break
        kept.append(row)
    return kept
