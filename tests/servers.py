"""A real MLflow server on this machine, at a port of the test's choice, so that it can go and come back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from inputs.mlflow_server import plain_server
from inputs.ports import free_port

__all__ = ["free_port", "mlflow_serving"]


@contextlib.contextmanager
def mlflow_serving(folder: Path, port: int) -> Iterator[str]:
    """Run `mlflow server` with its data in `folder`; it answers API calls inside the block."""
    store = f"sqlite:///{folder / 'mlflow.db'}"
    with plain_server(folder, store, port=port, environment=os.environ) as address:
        yield address
