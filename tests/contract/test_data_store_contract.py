"""What every `DataStore` does: DVC on a folder, DVC on an S3 server, and the tests' own stand-in."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from contract.conftest import Bucket
from fakes.data_store import FakeDataStore
from quick import PYTHON, write_client
from wms.adapters.dvc.store import DvcDataStore
from wms.core.errors import DataStoreError, RecordError
from wms.core.files import write_bytes
from wms.core.ports import DataStore
from wms.core.records.base import sha256_hex

WORKSPACE = "my work żółw"

FILES = {
    "images/plain.jpg": b"one",
    "images/with space żółw.jpg": b"two",
    "masks/plain.png": b"one",
    "masks/empty.png": b"",
}

UNKNOWN_POINTER = b"outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  hash: md5\n  path: training\n"

STAGES = """
stages:
  prepare:
    cmd: never-run
    deps: [WMS/data/training]
    params: [{WMS/configs/data.yaml: null}]
    outs: [run/split.json: {cache: false}]
"""


@dataclass(frozen=True)
class Opened:
    """A store, and a hand on what it keeps."""

    store: DataStore
    root: Path
    bucket: Bucket | None = None

    def blob_place(self, sha256: str) -> Path:
        (place,) = (path for path in self.root.rglob(f"*{sha256[2:]}") if path.is_file())
        return place

    def damage_blob(self, sha256: str) -> None:
        if self.bucket is not None:
            (key,) = (key for key in self.bucket.objects() if key.endswith(sha256[2:]))
            self.bucket.write(key, b"damaged")
        else:
            write_bytes(self.blob_place(sha256), b"damaged")


def configure(root: Path, url: str) -> DvcDataStore:
    write_bytes(
        root / ".dvc/config",
        f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = {url}\n".encode(),
    )
    return DvcDataStore(root, root / ".wms/scratch")


@pytest.fixture(scope="module", autouse=True)
def quick_dvc(tmp_path_factory: pytest.TempPathFactory, quick: str) -> Iterator[None]:
    """The adapter starts DVC by the interpreter that runs it: one that has imported DVC."""
    interpreter = write_client(tmp_path_factory.mktemp("bin") / "python", quick, PYTHON)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(interpreter))
        yield


@pytest.fixture
def on_folder(tmp_path: Path) -> Opened:
    """DVC with a remote that the settings name relative to themselves."""
    return Opened(configure(tmp_path / WORKSPACE, "../.wms/remote"), tmp_path / WORKSPACE)


@pytest.fixture(params=["DVC on a folder", "DVC on S3", "stand-in"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    root = tmp_path / WORKSPACE
    if request.param == "DVC on a folder":
        return Opened(configure(root, "../.wms/remote"), root)
    if request.param == "DVC on S3":
        bucket: Bucket = request.getfixturevalue("bucket")
        return Opened(configure(root, f"s3://{bucket.name}/some/prefix"), root, bucket)
    return Opened(FakeDataStore(root), root)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    for name, data in FILES.items():
        write_bytes(folder / name, data)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".gitignore"
    }


def test_a_dataset_comes_back_byte_for_byte_on_another_machine(
    opened: Opened, dataset: Path, tmp_path: Path
) -> None:
    stored = opened.store.store_dataset(dataset)
    assert stored.md5.encode() in stored.pointer
    assert contents(dataset) == FILES
    shutil.rmtree(opened.root / ".dvc/cache", ignore_errors=True)
    to = tmp_path / "elsewhere/training"
    write_bytes(to / "images/stale.jpg", b"of an earlier run")
    opened.store.fetch_dataset(stored.pointer, to)
    assert contents(to) == FILES


def test_a_stored_dataset_is_known_and_another_is_not(opened: Opened, dataset: Path) -> None:
    stored = opened.store.store_dataset(dataset)
    assert opened.store.has_dataset(stored.pointer)
    other = stored.pointer.replace(stored.md5.encode(), b"0" * 32 + b".dir")
    assert not opened.store.has_dataset(other)


def test_one_file_of_a_dataset_is_fetched_alone(opened: Opened, dataset: Path, tmp_path: Path) -> None:
    pointer = opened.store.store_dataset(dataset).pointer
    for name, data in FILES.items():  # Two have the same bytes.
        opened.store.fetch_file(pointer, name, tmp_path / "one")
        assert (tmp_path / "one").read_bytes() == data
    with pytest.raises(DataStoreError, match=r"images/other\.jpg"):
        opened.store.fetch_file(pointer, "images/other.jpg", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_dataset_that_was_never_stored_is_an_error(opened: Opened, tmp_path: Path) -> None:
    write_bytes(tmp_path / "to/kept.jpg", b"kept")
    with pytest.raises(DataStoreError):
        opened.store.fetch_dataset(UNKNOWN_POINTER, tmp_path / "to")
    assert contents(tmp_path / "to") == {"kept.jpg": b"kept"}


def test_stages_are_locked_without_being_run(opened: Opened, dataset: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(dataset, tree / "WMS/data/training")
    write_bytes(tree / "dvc.yaml", STAGES.encode())
    write_bytes(tree / "WMS/configs/data.yaml", b"seed: 1\n")
    write_bytes(tree / "run/split.json", b"{}\n")
    lock = opened.store.lock_stages(tree)
    assert yaml.safe_load(lock)["schema"] == "2.0"
    assert b"run/split.json" in lock
    assert not (tree / ".dvc").exists()


def test_a_blob_comes_back_byte_for_byte(opened: Opened, tmp_path: Path) -> None:
    write_bytes(tmp_path / "weights", b"weights")
    sha256 = sha256_hex(b"weights")
    assert not opened.store.has_blob(sha256)
    for _ in range(2):
        assert opened.store.put_blob(tmp_path / "weights") == sha256
    assert opened.store.has_blob(sha256)
    opened.store.get_blob(sha256, tmp_path / "deep/fetched")
    assert (tmp_path / "deep/fetched").read_bytes() == b"weights"


def test_a_blob_that_is_not_stored_is_an_error_and_writes_nothing(opened: Opened, tmp_path: Path) -> None:
    with pytest.raises(DataStoreError):
        opened.store.get_blob("0" * 64, tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_a_damaged_blob_is_found_and_not_handed_out(opened: Opened, tmp_path: Path) -> None:
    write_bytes(tmp_path / "weights", b"weights")
    write_bytes(tmp_path / "fetched", b"what was here")
    sha256 = opened.store.put_blob(tmp_path / "weights")
    opened.damage_blob(sha256)
    with pytest.raises(RecordError):
        opened.store.get_blob(sha256, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"what was here"


def test_probing_leaves_one_object_however_often_it_is_done(opened: Opened) -> None:
    opened.store.probe()
    before = stored(opened)
    opened.store.probe()
    assert stored(opened) == before
    assert len(before) == 1


def test_a_probe_writes_although_the_object_is_there(opened: Opened) -> None:
    opened.store.probe()
    (place,) = stored(opened)
    if opened.bucket is not None:
        opened.bucket.write(place, b"old")
        opened.store.probe()
        assert stored(opened)[place] != b"old"
        return
    Path(place).unlink()
    Path(place).mkdir()  # what stands in the way of a write, even of root's
    with pytest.raises(DataStoreError):
        opened.store.probe()


def stored(opened: Opened) -> dict[str, bytes]:
    if opened.bucket is not None:
        return opened.bucket.objects()
    return {
        str(path): path.read_bytes()
        for path in opened.root.rglob("*")
        if path.is_file() and path.parent.name != ".dvc"
    }


def test_a_file_that_the_remote_lost_is_missed_and_sent_again(on_folder: Opened, dataset: Path) -> None:
    stored = on_folder.store.store_dataset(dataset)
    (lost,) = objects(on_folder.root / ".wms/remote", b"two")
    lost.unlink()
    assert not on_folder.store.has_dataset(stored.pointer)
    assert on_folder.store.store_dataset(dataset) == stored
    assert lost.read_bytes() == b"two"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    path.write_bytes(bytes([path.read_bytes()[0] ^ 0xFF]) + path.read_bytes()[1:])


def objects(folder: Path, data: bytes) -> list[Path]:
    """The objects of a DVC cache or remote that hold these bytes."""
    return [path for path in folder.rglob("*") if path.is_file() and path.read_bytes() == data]


def damage(path: Path, how: Callable[[Path], None]) -> None:
    """Damage a file as a disk would: its mode and name stay."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    how(path)
    path.chmod(mode)


@pytest.mark.parametrize(("what", "how"), [("a file", flip), ("the listing", truncate)])
def test_a_damaged_file_in_the_cache_is_fetched_again(
    on_folder: Opened, dataset: Path, tmp_path: Path, how: Callable[[Path], None], what: str
) -> None:
    stored = on_folder.store.store_dataset(dataset)
    cache = on_folder.root / ".dvc/cache"
    (found,) = objects(cache, b"two") if what == "a file" else cache.rglob("*.dir")
    damage(found, how)
    on_folder.store.fetch_dataset(stored.pointer, tmp_path / "to")
    assert contents(tmp_path / "to") == FILES


def test_damage_in_the_remote_too_is_an_error_that_names_the_file(
    on_folder: Opened, dataset: Path, tmp_path: Path
) -> None:
    stored = on_folder.store.store_dataset(dataset)
    write_bytes(tmp_path / "to/kept.jpg", b"kept")
    for folder in (".dvc/cache", ".wms/remote"):
        (found,) = objects(on_folder.root / folder, b"two")
        damage(found, flip)
    with pytest.raises(DataStoreError, match=r"lost or damaged .*with space żółw\.jpg"):
        on_folder.store.fetch_dataset(stored.pointer, tmp_path / "to")
    assert contents(tmp_path / "to") == {"kept.jpg": b"kept"}


def test_a_damaged_file_in_the_cache_is_not_sent_to_the_remote(
    on_folder: Opened, dataset: Path, tmp_path: Path
) -> None:
    on_folder.store.store_dataset(dataset)
    (cached,) = objects(on_folder.root / ".dvc/cache", b"two")
    damage(cached, flip)
    shutil.rmtree(on_folder.root / ".wms/remote")
    stored = on_folder.store.store_dataset(dataset)
    shutil.rmtree(on_folder.root / ".dvc/cache")
    on_folder.store.fetch_dataset(stored.pointer, tmp_path / "to")
    assert contents(tmp_path / "to") == FILES


def test_two_datasets_stored_at_once_are_both_whole(on_folder: Opened, dataset: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_bytes(other / "images/another.jpg", b"another")
    with ThreadPoolExecutor(2) as pool:
        stored = list(pool.map(on_folder.store.store_dataset, [dataset, other]))
    assert stored[0].md5 != stored[1].md5
    assert {*FILES.values(), b"another"} <= set(contents(on_folder.root / ".wms/remote").values())


def test_a_stage_whose_output_is_missing_is_an_error_in_dvcs_words(on_folder: Opened, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_bytes(tree / "WMS/data/training/images/a.jpg", b"a")
    write_bytes(tree / "WMS/configs/data.yaml", b"seed: 1\n")
    write_bytes(tree / "dvc.yaml", STAGES.encode())
    with pytest.raises(DataStoreError, match=r"run/split\.json"):
        on_folder.store.lock_stages(tree)
    assert not (tree / ".dvc").exists()


@pytest.mark.parametrize(
    "pointer", [b"", b"[", b"outs: []", UNKNOWN_POINTER.replace(b"training", b"../../outside")]
)
def test_a_pointer_that_is_none_is_an_error(on_folder: Opened, tmp_path: Path, pointer: bytes) -> None:
    with pytest.raises(DataStoreError):
        on_folder.store.fetch_dataset(pointer, tmp_path / "to")


def test_an_empty_dataset_is_an_error(on_folder: Opened, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataStoreError):
        on_folder.store.store_dataset(tmp_path / "nothing")


def test_a_workspace_without_a_remote_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataStoreError, match="no DVC remote"):
        DvcDataStore(tmp_path, tmp_path / "scratch").has_blob("0" * 64)


def test_a_bucket_that_does_not_exist_is_an_error_and_not_a_missing_blob(
    bucket: Bucket, tmp_path: Path
) -> None:
    store = configure(tmp_path / "work", "s3://no-such-bucket/prefix")
    with pytest.raises(DataStoreError):
        store.has_blob("0" * 64)


def test_a_server_that_does_not_answer_is_an_error(
    bucket: Bucket, tmp_path: Path, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{nobody_listens}")
    store = configure(tmp_path / "work", f"s3://{bucket.name}/prefix")
    with pytest.raises(DataStoreError):
        store.has_blob("0" * 64)
