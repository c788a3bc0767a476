"""The extras of pyproject.toml: packages that only some commands need."""

from __future__ import annotations

import importlib.util
from enum import Enum

from wms.core.errors import Code, InputError


class Extra(Enum):
    """Name, what needs it, and the modules that it brings."""

    TRAIN = ("train", "training", ("torch", "torchvision", "onnx", "onnxscript", "safetensors"))
    SERVE = (
        "serve",
        "the service",
        ("contourpy", "fastapi", "prometheus_client", "python_multipart", "uvicorn"),
    )
    IMPORT = (
        "import",
        "reading or writing another tool's form",
        ("defusedxml", "pillow_heif", "pycocotools"),
    )


def require(extra: Extra) -> None:
    """Check that an extra is installed.

    Raises:
        InputError: a package is missing.
    """
    name, purpose, modules = extra.value
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise InputError(
            f"{purpose} needs packages that are not installed: {', '.join(missing)}",
            Code.MISSING_PACKAGES,
            remedy=f"Install them with `pip install '.[{name}]'` in the clone, or run `make setup`.",
        )
