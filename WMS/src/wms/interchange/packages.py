"""The packages that only imports and exports need."""

from __future__ import annotations

import importlib.util

from wms.core.errors import Code, InputError

PACKAGES = ("defusedxml", "pillow_heif", "pycocotools")
"""The extra `import` of pyproject.toml."""


def require_packages() -> None:
    """Check that the extra `import` is installed.

    Raises:
        InputError: a package is missing.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"the forms of other tools need packages that are not installed: {', '.join(missing)}",
            Code.IMPORT,
            remedy="Install them with `pip install '.[import]'` in the clone, or run `make setup`.",
        )
