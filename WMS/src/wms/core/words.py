"""Words of messages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number and its noun: `1 finding`, `1,200 findings`, `2 branches`."""
    ending = "" if number == 1 else "es" if noun.endswith("branch") else "s"
    return f"{number:,} {noun}{ending}"
