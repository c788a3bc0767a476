"""What the forge on disk does beyond the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from forges import Author
from wms.adapters.git.repository import GitRepository
from wms.adapters.local.forge import LocalForge
from wms.core.errors import ForgeError, UnmergeableError
from wms.core.ports import Forge


@pytest.fixture
def forge(tmp_path: Path, remote: Path, repository: GitRepository) -> Forge:
    return LocalForge(tmp_path / "forge", remote)


@pytest.fixture
def author(repository: GitRepository, forge: Forge) -> Author:
    return Author(repository, forge)


def test_a_merge_that_was_not_written_down_is_found_again(
    forge: Forge, author: Author, tmp_path: Path
) -> None:
    opened = author.open()
    path = tmp_path / "forge/pulls/1.json"
    before = path.read_bytes()
    merge = forge.merge(opened.number, sha=opened.head_sha)
    path.write_bytes(before)  # as if the process had died in between
    assert forge.merge(opened.number, sha=opened.head_sha) == merge


def test_a_damaged_local_file_is_an_error(forge: Forge, author: Author, tmp_path: Path) -> None:
    number = author.open().number
    (tmp_path / "forge/pulls/1.json").write_text("{")
    with pytest.raises(ForgeError):
        forge.pull_request(number)


def test_a_remote_that_is_gone_is_an_error(forge: Forge, author: Author, remote: Path) -> None:
    number = author.open().number
    remote.rename(remote.with_name("moved-away.git"))
    with pytest.raises(ForgeError):
        forge.pull_request(number)


def test_a_conflict_names_its_files(forge: Forge, author: Author) -> None:
    opened = author.open()
    author.push("main", "model", b"other\n")
    with pytest.raises(UnmergeableError, match="model"):
        forge.merge(opened.number, sha=opened.head_sha)
