"""Words of messages."""

from __future__ import annotations

import math
from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """A number and its noun: `1 finding`, `1,200 findings`, `2 branches`."""
    ending = "" if number == 1 else "es" if noun.endswith("branch") else "s"
    return f"{number:,} {noun}{ending}"


def first_of(names: Sequence[str], most: int) -> str:
    """At most so many names, and how many more there are: `a, b and 3 more`."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def percent(share: float) -> str:
    """A share of at most 1, rounded down: `90%`, `98.33%`. So 0.99999 is not shown as 100%."""
    return f"{math.floor(share * 10_000 + 1e-6) / 100:g}%"
