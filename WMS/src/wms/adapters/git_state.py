"""The embedded default's state kept in the Git remote itself, for runners that forget everything.

One commit without parents at `refs/wms/state` holds the MLflow store and the DVC remote. Clones do not
fetch that ref, so nobody downloads it who does not ask for it; it is replaced by compare-and-swap, so two
writers cannot lose each other's work; and it is whole or not there, as every push is.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from wms.adapters.git_cli import Git
from wms.adapters.git_trees import export_tree, hash_folder, make_commit
from wms.domain.errors import RemoteMovedError, RepositoryError, StorageError
from wms.progress import Silent

REF = "refs/wms/state"
DATABASE = "mlflow.db"
FOLDERS = ("mlartifacts", "dvc-remote")
MAX_FILE_BYTES = 100 * 2**20
"""GitHub refuses larger files (docs.github.com, "About large files on GitHub")."""


class GitState:
    """The folder `.wms/` of a workspace, loaded from and saved to a ref of the Git remote.

    What was loaded or saved last is remembered by a ref of the clone's own: a save replaces that and
    nothing else.

    Args:
        root: a folder of the clone.
        state: the folder of the embedded default's state.
        remote: the name of the clone's remote.
        env: environment variables of all Git commands, such as `token_access`.
    """

    def __init__(
        self, root: Path, state: Path, remote: str = "origin", *, env: Mapping[str, str] | None = None
    ) -> None:
        self._git = Git(root, env)
        self._state, self._remote = state, remote

    def load(self) -> bool:
        """Replace the state here by the remote's; false where the remote has none yet.

        Raises:
            RepositoryError: the remote does not answer, or what it has is not whole.
            StorageError: the files could not be written.
        """
        if self._remote_tip() is None:
            self._git.run("update-ref", "-d", REF)
            return False
        refspec = f"+{REF}:{REF}"
        self._git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self._remote, refspec)
        with self._scratch() as folder:
            export_tree(self._git, self._git.run("rev-parse", REF).line, "", folder / "state")
            self._take(folder / "state")
        return True

    def save(self) -> bool:
        """Replace the remote's state by that here; false where they are the same.

        Raises:
            RemoteMovedError: somebody saved another state since this one was loaded; nothing was changed.
            RepositoryError: a file is too large for the remote, or the remote refused.
            StorageError: the state here could not be read.
        """
        known = self._git.run("rev-parse", "--verify", "--quiet", REF, ok=(0, 1)).line or None
        with self._scratch() as folder:
            self._snapshot(folder)
            entries = hash_folder(self._git, folder, under="", progress=Silent())
            commit = make_commit(self._git, entries, parent=None, message="State of the embedded default")
        if known is not None and self._tree(known) == self._tree(commit):
            return False
        pushed = self._git.run(
            *("-c", "core.bigFileThreshold=64k", "push", "--porcelain", "--no-verify"),
            *(f"--force-with-lease={REF}:{known or ''}", self._remote, f"{commit}:{REF}"),
            ok=(0, 1, 128),
        )
        if pushed.code != 0:
            if self._remote_tip() != known:
                raise RemoteMovedError(
                    f"{REF} of {self._remote} changed since it was loaded; the state here was not saved",
                    remedy="Start the run again: it loads the state as it is now.",
                )
            raise self._git.failure("push", pushed)
        self._git.run("update-ref", REF, commit)
        return True

    def _take(self, fresh: Path) -> None:
        for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
            (self._state / name).unlink(missing_ok=True)
        for name in FOLDERS:
            shutil.rmtree(self._state / name, ignore_errors=True)
        for path in fresh.iterdir():
            path.rename(self._state / path.name)

    def _snapshot(self, folder: Path) -> None:
        """Lay the state out as it is now: files by links, the database as one consistent copy."""
        database = self._state / DATABASE
        if database.is_file():
            with (
                contextlib.closing(sqlite3.connect(database)) as source,
                contextlib.closing(sqlite3.connect(folder / DATABASE)) as copy,
            ):
                source.backup(copy)
        for name in FOLDERS:
            if (self._state / name).is_dir():
                shutil.copytree(self._state / name, folder / name, copy_function=os.link)
        for path in folder.rglob("*"):
            if path.is_file() and path.stat().st_size > MAX_FILE_BYTES:
                raise RepositoryError(
                    f"{path.relative_to(folder)} of the state has {path.stat().st_size / 2**20:.0f} MiB, and "
                    "the remote takes files up to 100",
                    remedy="Use a bucket and a tracking server for it: docs/usage.md, set-up of AWS.",
                )

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A folder on the state's own file system, so that links and renames work."""
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="git-state-", dir=self._state) as name:
                yield Path(name)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{self._state} could not be read or written: {error}") from error

    def _tree(self, commit: str) -> str:
        return self._git.run("rev-parse", f"{commit}^{{tree}}").line

    def _remote_tip(self) -> str | None:
        answer = self._git.run("ls-remote", self._remote, REF).line
        return answer.split("\t")[0] if answer else None
