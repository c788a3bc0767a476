"""Connects to MLflow quietly, with bounded waiting, and turns its failures into one error."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from wms.adapters.messages import without_credentials
from wms.core.errors import RegistryError

if TYPE_CHECKING:
    from mlflow import MlflowClient

SQLITE = "sqlite:///"

# Read by MLflow at import and at each request; a value that the user has set stays. MLflow's own
# bounds (8 attempts of 120 s) can hold up a training for a quarter of an hour.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    # Of more threads than connections those that wait are refused after 30 s, as if they had asked for
    # something wrong (HTTP 400), which no client tries again. A server runs up to 40 threads.
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "60",
}

LOCK_SECONDS = 30.0


def connect(uri: str) -> MlflowClient:
    """A client for a tracking URI. A SQLite file is made at its first use, which takes seconds.

    Raises:
        RegistryError: a SQLite path with a character that has a meaning of its own in addresses, or a
            file that is no SQLite database.
    """
    set_environment()
    if uri.startswith(SQLITE):
        path = uri.removeprefix(SQLITE)
        if "?" in path or "%" in path:
            raise RegistryError(
                f"MLflow cannot keep its data below {path}: addresses give ? and % another meaning",
                remedy="Give the workspace's folder another name.",
            )
        _prepare(Path(path))
    from mlflow import MlflowClient

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _prepare(database: Path) -> None:
    """Let readers and a writer of a SQLite file work at once (write-ahead log); the file remembers it."""
    database.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=LOCK_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise RegistryError(f"{database} cannot be opened: {error}") from error


def set_environment() -> None:
    """Set what MLflow reads from the environment, where the user has not."""
    for key, value in ENVIRONMENT.items():
        os.environ.setdefault(key, value)


@contextlib.contextmanager
def answering(uri: str, what: str) -> Iterator[None]:
    """Turn whatever MLflow, its database or the network raise into an error that names the URI.

    Raises:
        RegistryError: something below failed; credentials in URLs are left out of the message.
    """
    set_environment()
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RegistryError(without_credentials(f"{uri}: {what}: {reason}")) from error


@contextlib.contextmanager
def allowing(error_code: str) -> Iterator[None]:
    """Pass over one answer of MLflow's own, by its code; a proxy's 404 or 409 has another."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code != error_code:
            raise
