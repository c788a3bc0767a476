"""What every `Repository` does with files: reading, committing, exporting, whatever their names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wms.core.errors import RepositoryError
from wms.core.ports import Repository

GitCommand = Callable[..., str]

NAMES = [
    "plain.txt",
    "with space.txt",
    "żółw-水表.txt",
    "tab\there.txt",
    "line\nbreak.txt",
    'quo"te\\.txt',
    "*.txt",
]


def test_a_file_is_read_byte_for_byte(repository: Repository, first: str) -> None:
    assert repository.read_file(first, "data/one.txt") == b"1\r\n"
    assert repository.read_file("main", "data/deep/two.txt") == b"2\n"


def test_a_file_that_is_not_there_is_none(repository: Repository, first: str) -> None:
    assert repository.read_file(first, "data/none.txt") is None
    assert repository.read_file(first, "data/*.txt") is None


def test_reading_a_folder_is_an_error(repository: Repository, first: str) -> None:
    with pytest.raises(RepositoryError, match="no file"):
        repository.read_file(first, "data")


@pytest.mark.parametrize("rev", ["0" * 40, "nowhere"])
def test_reading_at_an_unknown_revision_is_an_error(repository: Repository, rev: str) -> None:
    with pytest.raises(RepositoryError):
        repository.read_file(rev, "README.md")


@pytest.mark.parametrize("name", NAMES)
def test_names_and_bytes_survive_commit_and_read(repository: Repository, first: str, name: str) -> None:
    data = bytes(range(256)) + b"\r\n"
    sha = repository.commit(first, {f"data/{name}": data}, message="Odd")
    assert repository.read_file(sha, f"data/{name}") == data


def test_a_commit_removes_files_and_keeps_the_others(repository: Repository, first: str) -> None:
    sha = repository.commit(first, {"README.md": None, "gone/already": None}, message="Less")
    assert repository.read_file(sha, "README.md") is None
    assert repository.read_file(sha, "data/one.txt") == b"1\r\n"


@pytest.mark.parametrize("path", [".git/config", "../outside", "/etc/passwd"])
def test_a_commit_of_a_path_outside_is_an_error(repository: Repository, first: str, path: str) -> None:
    with pytest.raises(RepositoryError):
        repository.commit(first, {path: b""}, message="No")


def test_nothing_of_the_users_is_touched(
    repository: Repository, first: str, clone: Path, git: GitCommand, tmp_path: Path
) -> None:
    (clone / "README.md").write_text("being edited\n")
    git(clone, "add", "README.md")
    (clone / "README.md").write_text("and edited again\n")
    before = (git(clone, "status", "--porcelain"), git(clone, "for-each-ref", "refs/heads"))
    sha = repository.commit(first, {"README.md": b"other"}, message="Second")
    repository.push(sha, "main", expect=first)
    repository.fetch()
    repository.export(sha, "data", tmp_path / "out")
    assert (git(clone, "status", "--porcelain"), git(clone, "for-each-ref", "refs/heads")) == before


def test_a_commit_without_an_identity_has_one_of_our_own(
    repository: Repository, first: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-such-file"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    sha = repository.commit(first, {"README.md": b"other"}, message="Second")
    assert repository.history(sha, "README.md")[0].author == "wms"


def test_equal_commits_at_the_same_second_are_one(
    repository: Repository, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-11-23T08:00:00Z")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-23T08:00:00Z")
    one = repository.commit(first, {"a": b"1", "b": b"2"}, message="Same")
    two = repository.commit(first, {"b": b"2", "a": b"1"}, message="Same")
    assert one == two


def test_an_export_holds_every_file_below_a_path_and_nothing_else(
    repository: Repository, first: str, tmp_path: Path
) -> None:
    files: dict[str, bytes | None] = {f"data/{name}": name.encode() + b"\r\n" for name in NAMES}
    sha = repository.commit(first, files, message="More")
    out = tmp_path / "out"
    out.mkdir()
    (out / "stale.txt").write_text("of an earlier run")
    assert repository.export(sha, "data", out) == len(NAMES) + 2
    found = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    expected = {name: name.encode() + b"\r\n" for name in NAMES}
    assert found == {**expected, "one.txt": b"1\r\n", "deep/two.txt": b"2\n"}


def test_an_export_of_a_path_that_is_not_there_is_empty(
    repository: Repository, first: str, tmp_path: Path
) -> None:
    assert repository.export(first, "data/dee", tmp_path / "out") == 0
    assert list((tmp_path / "out").iterdir()) == []


def test_a_link_is_exported_as_a_link_that_leads_nowhere(
    repository: Repository, first: str, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "real.txt").write_text("real")
    (source / "link.txt").symlink_to("real.txt")
    sha = repository.commit_folder(first, source, under="data/incoming", message="Link")
    repository.export(sha, "data/incoming", tmp_path / "out")
    assert (tmp_path / "out/link.txt").is_symlink()
    assert not (tmp_path / "out/link.txt").exists()


def test_a_tree_whose_names_lead_outside_is_not_exported(
    repository: Repository, first: str, clone: Path, git: GitCommand, tmp_path: Path
) -> None:
    blob = git(clone, "hash-object", "-w", "--stdin", stdin=b"evil")
    entry = b"100644 ../../evil\0" + bytes.fromhex(blob)
    tree = git(clone, "hash-object", "-w", "--literally", "-t", "tree", "--stdin", stdin=entry)
    sha = git(clone, "commit-tree", tree, "-p", first, "-m", "evil")
    with pytest.raises(RepositoryError):
        repository.export(sha, "", tmp_path / "deep/out")
    assert not (tmp_path / "evil").exists()


def test_a_folder_is_committed_beside_what_is_there(
    repository: Repository, first: str, tmp_path: Path
) -> None:
    for name in NAMES:
        path = tmp_path / "source/images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() + b"\r\n")
    sha = repository.commit_folder(first, tmp_path / "source", under="data", message="Folder")
    assert {name: repository.read_file(sha, f"data/images/{name}") for name in NAMES} == {
        name: name.encode() + b"\r\n" for name in NAMES
    }
    assert repository.read_file(sha, "data/one.txt") == b"1\r\n"
