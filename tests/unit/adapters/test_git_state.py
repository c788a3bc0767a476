"""The state in the Git remote: what is loaded is what was saved, and nobody's work is lost."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest

from wms.adapters import git_state
from wms.adapters.git_state import REF, GitState
from wms.adapters.git_workspace import init_repository
from wms.domain.errors import RemoteMovedError, RepositoryError


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    init_repository(tmp_path / "first", tmp_path / "remote.git", {"a.txt": b"a"}, message="First")
    return tmp_path / "remote.git"


def machine(remote: Path, name: str) -> Path:
    """A fresh clone without a state, as a runner has it."""
    folder = remote.parent / name
    git(remote.parent, "clone", "-q", "--no-local", str(remote), str(folder))
    (folder / ".wms").mkdir()
    return folder / ".wms"


def state_of(folder: Path) -> GitState:
    return GitState(folder.parent, folder)


def write_state(folder: Path, *, runs: int, photo: bytes = b"jpeg") -> None:
    with sqlite3.connect(folder / "mlflow.db") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS runs (id)")
        connection.executemany("INSERT INTO runs VALUES (?)", [(number,) for number in range(runs)])
    (folder / "dvc-remote/ab").mkdir(parents=True, exist_ok=True)
    (folder / "dvc-remote/ab/cd").write_bytes(photo)


def runs_in(folder: Path) -> int:
    with sqlite3.connect(folder / "mlflow.db") as connection:
        return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])


@pytest.fixture
def saved(remote: Path) -> Path:
    first = machine(remote, "one")
    assert not state_of(first).load()
    write_state(first, runs=3)
    assert state_of(first).save()
    return first


def test_a_new_machine_gets_what_another_saved(remote: Path, saved: Path) -> None:
    second = machine(remote, "two")
    assert state_of(second).load()
    assert runs_in(second) == 3
    assert (second / "dvc-remote/ab/cd").read_bytes() == b"jpeg"


def test_what_was_there_before_a_load_is_gone(remote: Path, saved: Path) -> None:
    second = machine(remote, "two")
    write_state(second, runs=9, photo=b"other")
    (second / "dvc-remote/stale").write_bytes(b"stale")
    state_of(second).load()
    assert runs_in(second) == 3
    assert not (second / "dvc-remote/stale").exists()


def test_a_state_that_did_not_change_is_not_sent_again(remote: Path, saved: Path) -> None:
    before = git(remote, "rev-parse", REF)
    assert not state_of(saved).save()
    assert git(remote, "rev-parse", REF) == before


def test_a_state_that_somebody_else_saved_meanwhile_is_not_replaced(remote: Path, saved: Path) -> None:
    second, third = machine(remote, "two"), machine(remote, "three")
    for each, runs in ((second, 1), (third, 2)):
        state_of(each).load()
        write_state(each, runs=runs)
    state_of(second).save()
    with pytest.raises(RemoteMovedError):
        state_of(third).save()
    fourth = machine(remote, "four")
    state_of(fourth).load()
    assert runs_in(fourth) == 4


def test_a_first_state_does_not_replace_one_that_came_first(remote: Path) -> None:
    first, second = machine(remote, "one"), machine(remote, "two")
    for each in (first, second):
        state_of(each).load()
        write_state(each, runs=1, photo=each.parent.name.encode())
    state_of(first).save()
    with pytest.raises(RemoteMovedError):
        state_of(second).save()


def test_an_ordinary_clone_does_not_fetch_it(remote: Path, saved: Path) -> None:
    objects = git(remote, "rev-parse", f"{REF}:dvc-remote/ab/cd")
    clone = machine(remote, "two").parent
    assert "missing" in git_objects(clone, objects)


def git_objects(clone: Path, name: str) -> str:
    done = subprocess.run(
        ["git", "cat-file", "--batch-check"],
        cwd=clone,
        input=name,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_older_states_are_not_kept_as_history(remote: Path, saved: Path) -> None:
    write_state(saved, runs=1)
    state_of(saved).save()
    assert git(remote, "rev-list", "--count", REF) == "1"


def test_a_remote_that_is_away_is_an_error_and_no_empty_state(remote: Path, saved: Path) -> None:
    second = machine(remote, "two")
    remote.rename(remote.with_name("away.git"))
    with pytest.raises(RepositoryError):
        state_of(second).load()


def test_a_file_that_the_forge_would_refuse_is_named(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_state, "MAX_FILE_BYTES", 20_000)
    (saved / "dvc-remote/ab/large").write_bytes(b"x" * 20_001)
    with pytest.raises(RepositoryError, match="dvc-remote/ab/large"):
        state_of(saved).save()
