"""Words of messages."""

from __future__ import annotations


def counted(number: int, one: str, more: str = "") -> str:
    """A number with its noun: `1 finding`, `2 findings`; `more` is a plural that is not made with -s."""
    return f"{number} {one if number == 1 else more or f'{one}s'}"
