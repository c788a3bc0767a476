"""A fake data store: folders named by digest, no DVC, so that hundreds of runs fit into a test."""

from __future__ import annotations

import shutil
from pathlib import Path

from wms.core.errors import Code, DataStoreError, RecordError, StorageError
from wms.core.files import link_or_copy, replacing_folder, sha256_file, write_bytes
from wms.core.ports import StoredDataset
from wms.core.records.base import sha256_hex


class FakeDataStore:
    """The `DataStore` port on plain folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch_dataset(self, pointer: bytes, to: Path) -> None:
        stored = self.folder / "datasets" / sha256_hex(pointer)
        if not stored.is_dir():
            raise DataStoreError("no such dataset is stored")
        with replacing_folder(to) as fresh:
            shutil.copytree(stored, fresh, dirs_exist_ok=True)

    def fetch_file(self, pointer: bytes, name: str, to: Path) -> None:
        stored = self.folder / "datasets" / sha256_hex(pointer) / name
        if not stored.is_file():
            raise DataStoreError(f"no file {name} is stored", Code.NOT_STORED)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(stored, to)

    def store_dataset(self, folder: Path) -> StoredDataset:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        rows = [f"{path.relative_to(folder)} {sha256_file(path)}" for path in files]
        md5 = sha256_hex("\n".join(rows).encode())[:32] + ".dir"
        pointer = f"outs:\n- md5: {md5}\n  hash: md5\n  path: training\n".encode()
        stored = self.folder / "datasets" / sha256_hex(pointer)
        if not stored.is_dir():
            with replacing_folder(stored) as fresh:
                for path in files:
                    link_or_copy(path, fresh / path.relative_to(folder))
        return StoredDataset(pointer=pointer, md5=md5)

    def has_dataset(self, pointer: bytes) -> bool:
        return (self.folder / "datasets" / sha256_hex(pointer)).is_dir()

    def lock_stages(self, tree: Path) -> bytes:
        outs = sorted(path for path in tree.rglob("*") if path.is_file())
        rows = [f"{path.relative_to(tree)}: {sha256_file(path)}" for path in outs]
        return "\n".join(["schema: '2.0'", *rows, ""]).encode()

    def put_blob(self, path: Path) -> str:
        sha256 = sha256_file(path)
        link_or_copy(path, self._blob(sha256))
        return sha256

    def get_blob(self, sha256: str, to: Path) -> None:
        blob = self._blob(sha256)
        if not blob.is_file():
            raise DataStoreError(f"no blob {sha256}", Code.NOT_STORED)
        if sha256_file(blob) != sha256:
            raise RecordError(f"the blob {sha256} is damaged", Code.DIGEST_MISMATCH)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(blob, to)

    def has_blob(self, sha256: str) -> bool:
        return self._blob(sha256).is_file()

    def probe(self) -> None:
        try:
            write_bytes(self.folder / "probe", b"probe")
        except StorageError as error:
            raise DataStoreError(str(error)) from error

    def _blob(self, sha256: str) -> Path:
        return self.folder / "blobs" / sha256
