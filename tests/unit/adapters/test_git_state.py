"""The state in the Git remote: what is loaded is what was saved, and nobody's work is lost."""

from __future__ import annotations

import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from wms.adapters.git import state as git_state
from wms.adapters.git.state import HISTORY, REF, GitState
from wms.adapters.git.workspace import init_repository
from wms.core.errors import RemoteMovedError, RepositoryError
from wms.core.records import state_history


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


START = datetime(2026, 11, 30, tzinfo=UTC)
SECONDS = count()


def state_of(folder: Path) -> GitState:
    """With a clock that goes on by a second each time it is read."""
    return GitState(folder.parent, folder, clock=lambda: START + timedelta(seconds=next(SECONDS)))


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


def test_after_a_load_that_was_cut_off_nothing_is_saved_over_the_remotes_state(
    remote: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    before = git(remote, "rev-parse", "refs/wms/state")
    other = machine(remote, "other")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(GitState, "_take", cut_off)
        state_of(other).load()
    with pytest.raises(RemoteMovedError):
        state_of(other).save()
    assert git(remote, "rev-parse", "refs/wms/state") == before


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
    photograph = git(remote, "rev-parse", f"{REF}:dvc-remote/ab/cd")
    clone = machine(remote, "two").parent
    done = subprocess.run(["git", "cat-file", "-e", photograph], cwd=clone, check=False)
    assert done.returncode == 1


def test_every_saved_state_has_a_ref_of_its_own_and_no_parents(remote: Path, saved: Path) -> None:
    first = git(remote, "rev-parse", REF)
    write_state(saved, runs=1)
    state_of(saved).save()
    assert git(remote, "rev-list", "--count", REF) == "1"
    assert [state.sha for state in state_of(saved).history()][1:] == [first]
    write_state(saved, runs=0)
    state_of(saved).save()
    assert len(state_of(saved).history()) == 2, "a save that changes nothing makes no history"


def test_a_state_that_was_overwritten_can_be_restored(remote: Path, saved: Path) -> None:
    (good,) = state_of(saved).history()
    second = machine(remote, "two")
    write_state(second, runs=9)
    git(remote, "update-ref", "-d", REF)
    state_of(second).load()
    state_of(second).save()
    bad = git(remote, "rev-parse", REF)
    third = machine(remote, "three")
    assert state_of(third).restore(good.name, dry_run=True) == good
    assert git(remote, "rev-parse", REF) == bad
    state_of(third).restore(good.name)
    state_of(third).load()
    assert runs_in(third) == 3
    assert {state.sha for state in state_of(third).history()} == {good.sha, bad}


def test_a_deleted_state_can_be_restored(remote: Path, saved: Path) -> None:
    (good,) = state_of(saved).history()
    git(remote, "update-ref", "-d", REF)
    second = machine(remote, "two")
    state_of(second).restore(good.name)
    state_of(second).load()
    assert runs_in(second) == 3


def test_a_state_without_a_ref_of_its_own_gets_one_when_it_is_replaced(remote: Path, saved: Path) -> None:
    (forced,) = state_of(saved).history()
    git(remote, "update-ref", "-d", HISTORY + forced.name)
    write_state(saved, runs=1)
    state_of(saved).save()
    assert forced.sha in {state.sha for state in state_of(saved).history()}


def test_the_name_of_no_state_is_an_error(saved: Path) -> None:
    with pytest.raises(RepositoryError, match="no state named yesterday"):
        state_of(saved).restore("yesterday")


def test_the_oldest_states_are_dropped_and_refs_of_others_left_alone(
    remote: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_history, "MOST_STATES", 3)
    (first,) = state_of(saved).history()
    git(remote, "update-ref", f"{HISTORY}by-hand", REF)
    for _ in range(3):
        write_state(saved, runs=1)
        state_of(saved).save()
    history = state_of(saved).history()
    assert len(history) == 3
    assert first not in history
    assert git(remote, "rev-parse", f"{HISTORY}by-hand") == first.sha


def test_a_push_that_the_remote_refuses_in_part_changes_nothing(remote: Path, saved: Path) -> None:
    before = git(remote, "for-each-ref")
    hook = remote / "hooks/update"
    hook.write_text("#!/bin/sh\n! echo $1 | grep -q state-history\n")
    hook.chmod(0o755)
    write_state(saved, runs=1)
    with pytest.raises(RepositoryError):
        state_of(saved).save()
    assert git(remote, "for-each-ref") == before


@pytest.mark.parametrize(
    ("limit", "said"), [("MAX_PUSH_BYTES", "what is new"), ("MAX_STATE_BYTES", "the state")]
)
def test_a_state_that_the_forge_would_refuse_is_not_sent(
    limit: str, said: str, remote: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = git(remote, "for-each-ref")
    (saved / "dvc-remote/ab/large").write_bytes(b"x" * 50_001)
    monkeypatch.setattr(git_state, limit, 50_000)
    with pytest.raises(RepositoryError, match=said):
        state_of(saved).save()
    assert git(remote, "for-each-ref") == before


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
