"""What every `ImageStore` does; and what the one in a Git remote does beyond that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from wms.adapters.git.image_store import GitImageStore, LocalImageStore
from wms.core.errors import RepositoryError
from wms.core.ports import ImageStore

RUN, LATER = "20261123-084500-1a2b3c", "20261124-084500-4d5e6f"
PAGE = "https://github.example/owner/name"


@pytest.fixture(params=["git", "local"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clone: Path) -> ImageStore:
    return GitImageStore(clone, PAGE) if request.param == "git" else LocalImageStore(tmp_path / "żółw")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "test-1.jpg").write_bytes(b"one")
    (folder / "learning curves.png").write_bytes(b"curves")
    return folder


def test_every_file_has_a_url_that_markdown_takes(store: ImageStore, files: Path) -> None:
    urls = store.store(RUN, files)
    assert set(urls) == {"test-1.jpg", "learning curves.png"}
    for name, url in urls.items():
        assert unquote(urlparse(url).path).endswith(f"/{name}")
        assert not set(url) & set(" ()<>|`[]")
    assert store.runs() == (RUN,)


def test_the_same_files_again_have_the_same_urls(store: ImageStore, files: Path) -> None:
    first = store.store(RUN, files)
    assert store.store(RUN, files) == first


def test_other_files_take_the_place_of_those_before(store: ImageStore, files: Path) -> None:
    store.store(RUN, files)
    (files / "test-1.jpg").unlink()
    assert set(store.store(RUN, files)) == {"learning curves.png"}
    assert store.runs() == (RUN,)


def test_runs_are_removed_by_name_and_those_that_are_gone_are_no_error(
    store: ImageStore, files: Path
) -> None:
    store.store(RUN, files)
    store.store(LATER, files)
    store.remove([RUN, "20200101-000000-000000"])
    store.remove([RUN])
    assert store.runs() == (LATER,)


def test_an_empty_store_has_no_runs(store: ImageStore) -> None:
    assert store.runs() == ()
    store.remove([RUN])


def test_a_url_names_the_commit_that_the_ref_keeps(
    clone: Path, remote: Path, files: Path, git: Callable[..., str]
) -> None:
    urls = GitImageStore(clone, PAGE).store(RUN, files)
    sha = git(remote, "rev-parse", f"refs/wms/reports/{RUN}")
    assert urls["test-1.jpg"] == f"{PAGE}/blob/{sha}/test-1.jpg?raw=true"
    assert git(remote, "cat-file", "blob", f"{sha}:test-1.jpg") == "one"
    assert git(remote, "log", "--format=%H", sha) == sha


def test_images_are_on_no_branch(clone: Path, remote: Path, files: Path, git: Callable[..., str]) -> None:
    before = git(remote, "for-each-ref", "refs/heads")
    GitImageStore(clone, PAGE).store(RUN, files)
    assert git(remote, "for-each-ref", "refs/heads") == before


def test_a_file_opened_by_its_local_url_is_the_one_that_was_stored(tmp_path: Path, files: Path) -> None:
    urls = LocalImageStore(tmp_path / "store").store(RUN, files)
    assert Path(unquote(urlparse(urls["test-1.jpg"]).path)).read_bytes() == b"one"


def test_a_remote_that_is_away_is_an_error(clone: Path, remote: Path, files: Path) -> None:
    remote.rename(remote.with_name("away"))
    with pytest.raises(RepositoryError):
        GitImageStore(clone, PAGE).store(RUN, files)
