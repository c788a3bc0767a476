"""The browser page. Its build comes with the part that makes it; this holds its place."""

from __future__ import annotations

from pathlib import Path

from wms.core.errors import Code, InputError


def write_page(bundle: Path, out: Path) -> None:
    """Write the page of a model into the folder `out`.

    Raises:
        InputError: the page is not installed.
    """
    raise InputError(f"the browser page is not installed, so {out} was not written", Code.WORKSPACE)
