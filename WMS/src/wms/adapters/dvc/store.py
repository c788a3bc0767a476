"""Data and blobs in the DVC remote: datasets by the `dvc` command, and blobs by their SHA-256."""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from wms.adapters.dvc.cache import OBJECTS, DvcCache, md5_of, object_key
from wms.adapters.dvc.cli import run_dvc
from wms.core.errors import Code, DataStoreError, StorageError
from wms.core.files import link_or_copy, replacing, replacing_folder, sha256_file, verify_sha256
from wms.core.ports import DataStore, StoredDataset

if TYPE_CHECKING:
    from wms.adapters.dvc.remote import DvcRemote

log = logging.getLogger(__name__)

DATASET = "WMS/data/training"
POINTER = f"{DATASET}.dvc"
BLOBS = "wms-blobs/sha256"
PROBE_KEY, PROBE = "wms-blobs/probe", b"written by every preflight\n"


class DvcDataStore(DataStore):
    """`DataStore` by DVC, in temporary repositories without Git that share the workspace's cache.

    The workspace's own `.dvc`, with its lock, is only read, so two commands do not block each other.
    Credentials come from DVC's settings or the environment (`AWS_ENDPOINT_URL` too).

    Args:
        root: the workspace; `<root>/.dvc/config` names the remote.
        scratch: a folder for the temporary repositories, best on the same file system.
        url: returns the URL of another remote, called when it is needed.
    """

    def __init__(self, root: Path, scratch: Path, *, url: Callable[[], str] | None = None) -> None:
        self._root = root
        self._scratch = scratch
        self._url = url

    @functools.cached_property
    def _remote(self) -> DvcRemote:
        from wms.adapters.dvc.remote import DvcRemote

        return DvcRemote(self._root, url=self._url() if self._url else None)

    def fetch_dataset(self, pointer: bytes, to: Path) -> None:
        md5 = _check_pointer(pointer)
        cache = DvcCache(self._remote.cache)
        cache.drop_damaged([md5])
        for _ in range(2):
            with self._repository() as folder:
                (folder / POINTER).write_bytes(pointer)
                try:
                    self._dvc(folder, ["pull", POINTER])
                except DataStoreError as error:
                    raise self._incomplete(md5) or error from error
                if cache.drop_damaged(cache.listed(md5)):
                    continue
                with replacing_folder(to) as fresh:
                    for path in (folder / DATASET).iterdir():
                        shutil.move(path, fresh / path.name)
                return
        raise DataStoreError(f"files in {cache.folder} are damaged again right after they are fetched")

    def fetch_file(self, pointer: bytes, name: str, to: Path) -> None:
        md5 = self._named(pointer).get(name)
        if md5 is None:
            raise DataStoreError(f"the dataset has no file {name}", Code.NOT_STORED)
        with replacing(to) as temporary:
            self._remote.get(object_key(md5), temporary)
            if md5_of(temporary) != md5:
                raise DataStoreError(f"{name} came from {self._remote.url} with other bytes")

    def store_dataset(self, folder: Path) -> StoredDataset:
        files = [path for path in folder.rglob("*") if path.is_file()]
        with self._repository() as repository:
            for path in files:
                link_or_copy(path, repository / DATASET / path.relative_to(folder))
            # DVC would keep and send a damaged object that is in the cache already.
            DvcCache(self._remote.cache).drop_damaged(md5_of(path) for path in files)
            if not (repository / DATASET).exists():
                raise DataStoreError(f"{folder} has no files to store")
            self._dvc(repository, ["add", "--no-relink", DATASET], ["push", POINTER])
            pointer = (repository / POINTER).read_bytes()
        md5 = _check_pointer(pointer)
        self._complete(md5)
        return StoredDataset(pointer=pointer, md5=md5)

    def has_dataset(self, pointer: bytes) -> bool:
        md5 = _check_pointer(pointer)
        if self._remote.size(object_key(md5)) is None:
            return False
        keys = {object_key(each) for each in self._named(pointer).values()}
        return not self._remote.missing(sorted(keys), below=OBJECTS)

    def lock_stages(self, tree: Path) -> bytes:
        if (tree / ".dvc").exists():
            raise DataStoreError(f"{tree} is a DVC repository already; stages are locked in a plain folder")
        try:
            self._remote.configure(tree)
            self._dvc(tree, ["commit", "--force", "--no-relink"])
        finally:
            shutil.rmtree(tree / ".dvc", ignore_errors=True)
        lock = tree / "dvc.lock"
        if not lock.is_file():
            raise DataStoreError(f"{tree / 'dvc.yaml'} has no stages: DVC wrote no dvc.lock")
        return lock.read_bytes()

    def put_blob(self, path: Path) -> str:
        try:
            digest, size = sha256_file(path), path.stat().st_size
        except OSError as error:
            raise DataStoreError(f"{path} cannot be read: {error.strerror}") from error
        if self._remote.size(_blob_key(digest)) != size:
            self._remote.put(path, _blob_key(digest))
        return digest

    def get_blob(self, sha256: str, to: Path) -> None:
        key = _blob_key(sha256)
        if self._remote.size(key) is None:
            raise DataStoreError(
                f"no blob with the SHA-256 {sha256[:12]}… is stored in {self._remote.url}", Code.NOT_STORED
            )
        with replacing(to) as temporary:
            self._remote.get(key, temporary)
            verify_sha256(temporary, sha256)

    def has_blob(self, sha256: str) -> bool:
        return self._remote.size(_blob_key(sha256)) is not None

    def probe(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            sent, answer = Path(folder) / "sent", Path(folder) / "answer"
            sent.write_bytes(PROBE)
            self._remote.put(sent, PROBE_KEY)
            self._remote.get(PROBE_KEY, answer)
            if answer.read_bytes() != PROBE:
                raise DataStoreError(f"{PROBE_KEY} came back from {self._remote.url} with other bytes")

    def _named(self, pointer: bytes) -> dict[str, str]:
        """The MD5 of each file of a stored dataset."""
        md5 = _check_pointer(pointer)
        with tempfile.TemporaryDirectory() as name:
            listing = DvcCache(Path(name))
            listing.path(md5).parent.mkdir(parents=True)
            self._remote.get(object_key(md5), listing.path(md5))
            return listing.named(md5)

    def _incomplete(self, md5: str) -> DataStoreError | None:
        """The error for files that a pull could not fetch although their listing is here."""
        cache = DvcCache(self._remote.cache)
        if not cache.path(md5).exists():
            return None
        lacking = sorted(name for each, name in cache.listed(md5).items() if not cache.path(each).exists())
        if not lacking:
            return None
        return DataStoreError(
            f"{self._remote.url} lost or damaged {len(lacking)} of the dataset's files, such as {lacking[0]}",
            remedy="Push them again (`dvc push`) from a machine with a complete copy, or restore a backup.",
        )

    def _complete(self, md5: str) -> None:
        """Check that every object of a dataset is in the remote, and send the missing ones again.

        DVC checks only the listing, so it never repairs a remote that lost a file.
        """
        keys = {object_key(each) for each in (md5, *DvcCache(self._remote.cache).listed(md5))}
        missing = self._remote.missing(sorted(keys), below=OBJECTS)
        for key in missing:
            log.warning("%s had lost %s; sending it again", self._remote.url, key)
            self._remote.put(self._remote.cache / key, key)
        if missing and (lost := self._remote.missing(missing, below=OBJECTS)):
            raise DataStoreError(
                f"{len(lost)} of the dataset's files are not in {self._remote.url} after the push"
            )

    @contextlib.contextmanager
    def _repository(self) -> Iterator[Path]:
        """A DVC repository with the folder for datasets."""
        try:
            self._scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="dvc-", dir=self._scratch) as name:
                folder = Path(name)
                self._remote.configure(folder)
                (folder / DATASET).parent.mkdir(parents=True)
                yield folder
        except (OSError, shutil.Error) as error:
            raise StorageError(f"{self._scratch} could not be used for DVC: {error}") from error

    def _dvc(self, folder: Path, *commands: Sequence[str]) -> None:
        run_dvc(folder, *commands, remote=self._remote.url)


def _check_pointer(pointer: bytes) -> str:
    """The content hash in a dataset's pointer."""
    try:
        (out,) = yaml.safe_load(pointer)["outs"]
        md5, path = str(out["md5"]), str(out["path"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise DataStoreError("the dataset's pointer is not a DVC file with one folder") from error
    if not re.fullmatch(r"[0-9a-f]{32}\.dir", md5) or path != Path(DATASET).name:
        raise DataStoreError(f"the dataset's pointer names {path!r} with {md5!r}, not a folder `training`")
    return md5


def _blob_key(sha256: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise DataStoreError(f"{sha256!r} is no SHA-256")
    return f"{BLOBS}/{sha256[:2]}/{sha256[2:]}"
