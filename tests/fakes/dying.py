"""A process that dies at a chosen call to an outside system, as `kill -9` would have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Killed(BaseException):
    """The process is gone; nothing that follows it may reach an outside system."""


class Countdown:
    """Lets so many calls through; then the process is dead, after or before the call took effect."""

    def __init__(self, calls: int | None, *, after: bool) -> None:
        self.left = calls
        self.after = after
        self.dead = False

    def wrap(self, port: object) -> Any:
        """The same port, counted."""
        return _Counted(port, self)

    def pass_through(self, call: Callable[[], Any]) -> Any:
        """Make a call, or die."""
        if self.dead:
            raise Killed
        if self.left is None:
            return call()
        self.left -= 1
        if self.left > 0:
            return call()
        self.dead = True
        if self.after:
            call()
        raise Killed


class _Counted:
    def __init__(self, port: object, countdown: Countdown) -> None:
        self._port, self._countdown = port, countdown

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            return self._countdown.pass_through(lambda: method(*args, **kwargs))

        return counted
