"""What is not to be had here: whoever uses it is told why, and what does not use it works."""

from __future__ import annotations

from typing import NoReturn

from wms.core.errors import WmsError


class Absent:
    """Stands in the place of a port of which there is none; every use raises the same error.

    Args:
        error: says what is missing and how to get it.
    """

    def __init__(self, error: WmsError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> NoReturn:
        """Any method.

        Raises:
            WmsError: what this was made with.
        """
        raise self._error
