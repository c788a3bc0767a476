"""A folder becomes a data branch: what is pushed, and what is only named."""

import logging
from pathlib import Path

import pytest

from pairs import write_pair
from wms.adapters.git.repository import GitRepository
from wms.adapters.git.workspace import init_repository
from wms.core.ports import Repository
from wms.data.incoming import INCOMING_PATH
from wms.data.push import push_folder


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    root = tmp_path / "work"
    init_repository(root, tmp_path / "remote.git", {"README.md": b"main"}, message="main")
    return GitRepository(root)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_pair(tmp_path / "photos", "m1", seed=1)
    return tmp_path / "photos"


def pushed(repository: Repository, folder: Path, out: Path) -> list[str]:
    repository.export(push_folder(folder, repository=repository), INCOMING_PATH, out)
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())


@pytest.mark.parametrize("linked", ["images", "images/m1.jpg"])
def test_a_link_is_pushed_as_a_link_and_not_followed(
    repository: Repository, photos: Path, tmp_path: Path, linked: str
) -> None:
    target = (photos / linked).rename(tmp_path / "elsewhere")
    (photos / linked).symlink_to(target)
    assert pushed(repository, photos, tmp_path / "out") == [linked, "masks/m1.png"]
    assert (tmp_path / "out" / linked).is_symlink()


def test_what_lies_beside_images_and_masks_is_not_pushed_but_named(
    repository: Repository, photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (photos / "unpaired.jpg").write_bytes(b"x")
    with caplog.at_level(logging.WARNING):
        assert pushed(repository, photos, tmp_path / "out") == ["images/m1.jpg", "masks/m1.png"]
    assert "unpaired.jpg" in caplog.text
