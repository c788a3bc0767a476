"""Update the artifact paths of an MLflow store in a SQLite file that was moved with its artifacts.

MLflow keeps absolute paths of experiments, runs and model versions in its tables and has no command to change
them. In another folder it would still use the old one.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from pathlib import Path

from wms.core.errors import RegistryError

log = logging.getLogger(__name__)

PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns of MLflow 3 with such paths."""

LOCK_SECONDS = 30.0


def relocate(database: Path, *, experiment: str, artifact_root: Path) -> None:
    """Change the paths below the experiment's old folder to paths below `artifact_root`.

    Nothing is changed if there is no store yet, no such experiment, or the folder is the same.

    Raises:
        RegistryError: the file cannot be read or written, or is not an SQLite database.
    """
    if not database.is_file():
        return
    new = str(artifact_root.absolute())
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=LOCK_SECONDS)) as connection, connection:
            known = _columns(connection)
            if ("experiments", "artifact_location") not in known:
                return
            found = connection.execute(
                "SELECT artifact_location FROM experiments WHERE name = ?", (experiment,)
            ).fetchone()
            if found is None or found[0] == new:
                return
            old = str(found[0])
            log.info("%s was moved: artifacts lie in %s, no longer in %s", database, new, old)
            for table, column in PLACES:
                if (table, column) in known:
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) "  # noqa: S608 - constants
                        f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                        (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
                    )
    except sqlite3.Error as error:
        raise RegistryError(f"{database} could not be read: {error}") from error


def _columns(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """The `PLACES` that this store has."""
    return {
        (table, str(row[1]))
        for table in {table for table, _ in PLACES}
        for row in connection.execute(f"PRAGMA table_info({table})")
    }
