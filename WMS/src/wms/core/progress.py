"""Progress of long work, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """Shows progress; the CLI's output module shows a bar or plain lines."""

    def track(self, items: Iterable[T], *, label: str, total: int) -> Iterator[T]:
        """Yield the items, showing how many of `total` are done."""

    def say(self, text: str) -> None:
        """Show one permanent line, such as an epoch's metrics."""

    def warn(self, text: str) -> None:
        """Show what somebody should see to, although the work goes on."""


class Silent:
    """The null object: nothing is shown."""

    def track(self, items: Iterable[T], *, label: str, total: int) -> Iterator[T]:
        """Yield the items."""
        yield from items

    def say(self, text: str) -> None:
        """Show nothing."""

    def warn(self, text: str) -> None:
        """Show nothing."""
