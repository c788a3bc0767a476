"""DVC's local cache, checked by content: DVC itself trusts a cached file if it is read-only."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wms.core.cores import usable_cores
from wms.core.errors import DataStoreError, StorageError

log = logging.getLogger(__name__)

OBJECTS = "files/md5"


def object_key(md5: str) -> str:
    """The path of an object, in DVC's cache and in its remotes."""
    return f"{OBJECTS}/{md5[:2]}/{md5[2:]}"


class DvcCache:
    """The objects of a DVC cache, by their MD5 (`….dir` for a dataset's listing).

    Args:
        folder: the cache; it may not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, md5: str) -> Path:
        """An object's file."""
        return self.folder / object_key(md5)

    def listed(self, md5: str) -> dict[str, str]:
        """A dataset's objects: the MD5 of each, and the name of a file that has it. Errors as of `named`."""
        return {each: name for name, each in self.named(md5).items()}

    def named(self, md5: str) -> dict[str, str]:
        """The MD5 of each file of a dataset, from its listing.

        Raises:
            DataStoreError: the listing is not in the cache, or is damaged.
        """
        listing = self.path(md5)
        try:
            return {str(each["relpath"]): str(each["md5"]) for each in json.loads(listing.read_bytes())}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataStoreError(f"DVC's listing {listing} cannot be read: {error}") from error

    def drop_damaged(self, objects: Iterable[str]) -> int:
        """Remove the objects whose bytes do not match their names; return how many.

        Raises:
            StorageError: one cannot be read or removed.
        """
        with ThreadPoolExecutor(usable_cores()) as pool:
            return sum(pool.map(self._drop_if_damaged, sorted(objects)))

    def _drop_if_damaged(self, md5: str) -> bool:
        path = self.path(md5)
        if not path.exists():
            return False
        if md5_of(path) == md5.removesuffix(".dir"):
            return False
        log.warning("%s is damaged and is fetched again", path)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(
                f"the damaged file {path} could not be removed: {error.strerror or error}"
            ) from error
        return True


def md5_of(path: Path) -> str:
    """MD5 of a file's bytes, by which DVC names it.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error
