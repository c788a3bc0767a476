"""Output of other programs, shortened for an error message."""

from __future__ import annotations

import re
from collections.abc import Sequence


def without_credentials(text: str) -> str:
    """`text` without `user:secret@` in any URL."""
    return re.sub(r"(?<=://)[^/\s@]+@", "", text)


def last_complaint(text: str, *, marks: Sequence[str], otherwise: str) -> str:
    """The last line of `text` that starts with one of `marks`, or the last line, or `otherwise`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(tuple(marks))]
    return without_credentials((marked or lines or [otherwise])[-1])
