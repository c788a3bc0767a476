"""Connects to MLflow with limited waiting, and turns its failures into one error."""

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

# Read by MLflow at import and at each request; a value that the user has set stays. With MLflow's own
# limits (8 attempts of 120 s) a training can wait for a quarter of an hour.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    # A server runs up to 40 threads. With fewer connections, waiting threads get HTTP 400 after 30 s, which
    # no client tries again.
    "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "60",
}

LOCK_SECONDS = 30.0


def connect(uri: str) -> MlflowClient:
    """A client for a tracking URI. A SQLite file is created at its first use, which takes seconds.

    Raises:
        RegistryError: a SQLite path has a character with a special meaning in URLs, or the file is no
            SQLite database.
    """
    set_environment()
    if uri.startswith(SQLITE):
        path = uri.removeprefix(SQLITE)
        if "?" in path or "%" in path:
            raise RegistryError(
                f"MLflow cannot keep its data below {path}: ? and % have a special meaning in URLs",
                remedy="Give the workspace's folder another name.",
            )
        _prepare(Path(path))
    from mlflow import MlflowClient

    for noisy in ("alembic", "mlflow"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _prepare(database: Path) -> None:
    """Let readers and a writer of a SQLite file work at the same time (write-ahead log)."""
    database.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=LOCK_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise RegistryError(f"{database} cannot be opened: {error}") from error


def set_environment() -> None:
    """Set MLflow's environment variables that the user has not set."""
    for key, value in ENVIRONMENT.items():
        os.environ.setdefault(key, value)


@contextlib.contextmanager
def answering(uri: str, what: str) -> Iterator[None]:
    """Turn any error of MLflow, its database or the network into one that names the URI.

    Raises:
        RegistryError: the block failed; the message has no credentials.
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
    """Ignore one error code of MLflow; a 404 or 409 of a proxy has another code."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code != error_code:
            raise
