"""Placeholder for an unavailable port: using it raises an error that says why."""

from __future__ import annotations

from typing import NoReturn

from wms.core.errors import WmsError


class Absent:
    """Takes the place of a port that is not available; every use raises the same error.

    Args:
        error: what is missing, and how to get it.
    """

    def __init__(self, error: WmsError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> NoReturn:
        """Any method.

        Raises:
            WmsError: the given one.
        """
        raise self._error
