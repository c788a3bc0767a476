"""The embedded default's state in the Git remote itself, for runners that keep nothing.

One commit without parents at `refs/wms/state` holds the MLflow store and the DVC remote. Clones do not fetch
that ref. It is replaced by compare-and-swap, so two writers cannot lose each other's work, and a push is
atomic. The same push gives each state a dated ref of its own below `refs/wms/state-history/`, from which a
lost or overwritten `refs/wms/state` can be restored.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from wms.adapters.git.cli import Git
from wms.adapters.git.refs import RemoteRefs
from wms.adapters.git.trees import export_tree, hash_folder, make_commit
from wms.core.errors import Code, RemoteMovedError, RepositoryError, StorageError
from wms.core.progress import Silent
from wms.core.records.state_history import MAX_STATE_BYTES, SavedState, newest_first, to_prune
from wms.core.records.state_history import STATE_REF as REF

LOADING = "refs/wms/loading"
"""A ref of the clone only: what is fetched but not yet in place."""

HISTORY = "refs/wms/state-history/"
DATABASE = "mlflow.db"
FOLDERS = ("mlartifacts", "dvc-remote")
MAX_FILE_BYTES = 100 * 2**20
"""GitHub refuses larger files (docs.github.com, "About large files on GitHub")."""

MAX_PUSH_BYTES = 2 * 2**30
"""GitHub refuses larger pushes (docs.github.com, "Troubleshooting the 2 GiB push limit")."""


class GitState:
    """The folder `.wms/` of a workspace, loaded from and saved to a ref of the Git remote.

    A ref of the clone's own remembers what was loaded or saved last; a save replaces only that.

    Args:
        root: a folder of the clone.
        state: the folder of the embedded default's state.
        env: environment variables of all Git commands, such as `token_access`.
        clock: the time, for the names of saved states.
    """

    def __init__(
        self,
        root: Path,
        state: Path,
        *,
        env: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._git, self._state, self._clock = Git(root, env), state, clock
        self._refs = RemoteRefs(self._git)

    def load(self) -> bool:
        """Replace the local state by the remote's; false where the remote has none yet.

        Raises:
            RepositoryError: the remote does not answer, or its state is incomplete.
            StorageError: the files could not be written.
        """
        sha = self._remote_refs().get(REF)
        # Nothing counts as loaded until all of it is here: a save would replace everything by a part.
        self._git.run("update-ref", "-d", REF)
        if sha is None:
            return False
        self._refs.get(f"+{REF}:{LOADING}")
        with self._scratch() as folder:
            export_tree(self._git, sha, "", folder / "state")
            self._take(folder / "state")
        self._git.run("update-ref", REF, sha)
        self._git.run("update-ref", "-d", LOADING)
        return True

    def save(self) -> SavedState | None:
        """Replace the remote's state by the local one, and return it; `None` where they are the same.

        Raises:
            RemoteMovedError: somebody saved another state since this one was loaded; nothing was changed.
            RepositoryError: the remote would not accept it; nothing was changed; or the remote refused.
            StorageError: the local state could not be read.
        """
        known = self._git.run("rev-parse", "--verify", "--quiet", REF, ok=(0, 1)).line or None
        with self._scratch() as folder:
            self._snapshot(folder)
            entries = hash_folder(self._git, folder, under="", progress=Silent())
            commit = make_commit(self._git, entries, parent=None, message="State of the embedded default")
        if known is not None and self._tree(known) == self._tree(commit):
            return None
        _require_room(self._saved_state(commit, self._clock(), before=known))
        saved = self._replace(known, commit)
        self._git.run("update-ref", REF, commit)
        return saved

    def history(self) -> tuple[SavedState, ...]:
        """The states that the remote keeps, newest first.

        Raises:
            RepositoryError: the remote does not answer.
        """
        return _saved_states(self._remote_refs())

    def restore(self, name: str, *, dry_run: bool = False) -> SavedState:
        """Make a kept state the remote's state again; the replaced one is kept as well.

        The local state stays as it is, until the next `load`.

        Raises:
            RemoteMovedError: somebody saved a state meanwhile; nothing was changed.
            RepositoryError: there is no such state, or the remote refused.
        """
        refs = self._remote_refs()
        found = next((state for state in _saved_states(refs) if state.name == name), None)
        if found is None:
            raise RepositoryError(
                f"origin keeps no state named {name}", remedy="See their names: `wms state list`."
            )
        tip = refs.get(REF)
        if dry_run or tip == found.sha:
            return found
        self._refs.get(HISTORY + name, *([REF] if tip else []))
        return self._replace(tip, found.sha)

    def _replace(self, known: str | None, commit: str) -> SavedState:
        """Move the remote's state from one commit to another in one atomic push.

        Dated refs keep both; the oldest states are deleted.
        """
        refs, now = self._remote_refs(), self._clock()
        if refs.get(REF) != known:
            raise self._moved()
        saved = self._saved_state(commit, now, before=known)
        states = _saved_states(refs)
        again = [state for state in states if state.sha == commit]
        kept = [saved, *(state for state in states if state.sha != commit)]
        if known is not None and known not in {state.sha for state in states}:
            when = self._git.run("show", "--no-patch", "--format=%cI", known).line
            kept.append(self._saved_state(known, datetime.fromisoformat(when), before=None))
        pruned = to_prune(newest_first(kept), now=now)
        fresh = [state for state in kept if state not in states and state not in pruned]
        stale = [state for state in (*again, *pruned) if state in states and state != saved]
        pushed = self._git.run(
            *("-c", "core.bigFileThreshold=64k", "push", "--porcelain", "--no-verify", "--atomic"),
            *(f"--force-with-lease={REF}:{known or ''}", "origin", f"{commit}:{REF}"),
            *(f"{state.sha}:{HISTORY}{state.name}" for state in fresh),
            *(f":{HISTORY}{state.name}" for state in stale),
            ok=(0, 1, 128),
        )
        if pushed.code != 0:
            if self._remote_refs().get(REF) != known:
                raise self._moved()
            raise self._git.failure("push", pushed)
        return saved

    def _saved_state(self, commit: str, at: datetime, *, before: str | None) -> SavedState:
        files, known = self._files(commit), self._files(before)
        return SavedState(
            saved_at=at.replace(microsecond=0),
            sha=commit,
            size_kib=-(-sum(files.values()) // 1024),
            added_kib=-(-sum(files[name] for name in files.keys() - known.keys()) // 1024),
        )

    def _moved(self) -> RemoteMovedError:
        return RemoteMovedError(
            f"{REF} of origin changed since it was loaded; the state here was not saved",
            remedy="Start the run again: it loads the state as it is now.",
        )

    def _take(self, fresh: Path) -> None:
        for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
            (self._state / name).unlink(missing_ok=True)
        for name in FOLDERS:
            shutil.rmtree(self._state / name, ignore_errors=True)
        for path in fresh.iterdir():
            path.rename(self._state / path.name)

    def _snapshot(self, folder: Path) -> None:
        """Copy the present state: files by links, the database as one consistent copy."""
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
                    "a Git remote takes files up to 100; nothing was saved",
                    Code.STATE_TOO_LARGE,
                )

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A folder on the same file system as the state, so that links and renames work."""
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="git-state-", dir=self._state) as name:
                yield Path(name)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"{self._state} could not be read or written: {error}") from error

    def _tree(self, commit: str) -> str:
        return self._git.run("rev-parse", f"{commit}^{{tree}}").line

    def _files(self, commit: str | None) -> dict[str, int]:
        """The size in bytes of every object of a commit's tree, by its name."""
        if commit is None:
            return {}
        lines = self._git.run("ls-tree", "-r", "--long", "--full-tree", commit).line.splitlines()
        return {fields[2]: int(fields[3]) for fields in (line.split(None, 4) for line in lines)}

    def _remote_refs(self) -> dict[str, str]:
        """The state's refs on the remote, with their commits."""
        return self._refs.matching(REF, f"{HISTORY}*")


def _saved_states(refs: Mapping[str, str]) -> tuple[SavedState, ...]:
    named = (SavedState.named(ref.removeprefix(HISTORY), sha) for ref, sha in refs.items())
    return newest_first([state for state in named if state is not None])


def _require_room(state: SavedState) -> None:
    """Check that GitHub accepts a state of this size.

    Raises:
        RepositoryError: it is too large.
    """
    for what, size_kib, limit in (
        ("what is new in the state", state.added_kib, MAX_PUSH_BYTES),
        ("the state", state.size_kib, MAX_STATE_BYTES),
    ):
        if size_kib * 1024 > limit:
            raise RepositoryError(
                f"{what} has {size_kib / 2**20:.1f} GiB, and a Git remote takes {limit / 2**30:g}; "
                "nothing was saved",
                Code.STATE_TOO_LARGE,
            )
