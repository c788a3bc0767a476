"""The objects in a workspace's DVC remote, read and written with DVC's own settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from configobj import ConfigObj
from dvc.config import Config
from dvc.exceptions import DvcException
from dvc.fs import get_cloud_fs
from dvc_objects.fs.base import ObjectFileSystem
from dvc_objects.fs.errors import AuthError, ConfigError, RemoteMissingDepsError

from wms.adapters.messages import without_credentials
from wms.core.errors import DataStoreError

FAILURES = (
    OSError,
    DvcException,
    AuthError,
    ConfigError,
    RemoteMissingDepsError,
    BotoCoreError,
    ClientError,
)
"""The errors of file systems, of fsspec's S3 and of DVC's settings."""


class DvcRemote:
    """The default remote of the DVC settings in `<root>/.dvc` and the user's own.

    A key is a path below the remote's URL. Methods raise `DataStoreError`.

    Args:
        root: a workspace's root folder.
        url: the remote's URL, if not that of the settings.
    """

    def __init__(self, root: Path, *, url: str | None = None) -> None:
        with _answering(str(root / ".dvc/config"), "cannot be used"):
            self._config = Config(str(root / ".dvc"))
            self._name: str | None = self._config["core"].get("remote")
            if self._name is None:
                raise DataStoreError(
                    f"no DVC remote is configured in {root / '.dvc/config'}",
                    remedy="Name one with `dvc remote add --default NAME URL`.",
                )
            if url is not None:
                self._config["remote"][self._name] = {"url": url}
            cls, options, path = get_cloud_fs(self._config, name=self._name)
            self._fs: Any = cls(**options)
        self._path = str(path).rstrip("/")
        self.url = without_credentials(str(self._config["remote"][self._name]["url"]))
        self.cache = Path(self._config["cache"].get("dir") or root / ".dvc/cache")

    def configure(self, folder: Path) -> None:
        """Make `folder` a DVC repository without Git that has this remote and cache."""
        settings = {
            "core": {"no_scm": True, "analytics": False, "check_update": False, "remote": self._name},
            "cache": {"dir": str(self.cache.absolute()), "type": ["reflink", "hardlink", "copy"]},
        }
        for name, options in self._config["remote"].items():
            # Without `verify` DVC does not check what it downloads.
            settings[f'remote "{name}"'] = {**options, "url": str(options["url"]), "verify": True}
        with _answering(str(folder / ".dvc/config"), "cannot be written"):
            (folder / ".dvc/tmp").mkdir(parents=True)
            # DVC's own writer fails on letters outside ASCII, which a folder's name may have.
            written = ConfigObj(settings, encoding="utf-8")
            written.filename = str(folder / ".dvc/config")
            written.write()

    def size(self, key: str) -> int | None:
        """An object's size in bytes, or `None` if there is no such object."""
        with _answering(f"{key} in {self.url}", "could not be asked for"):
            self._forget()
            try:
                return int(self._fs.info(self._at(key))["size"])
            except FileNotFoundError:
                # A missing bucket gives the same answer, but is a failed lookup.
                if isinstance(self._fs, ObjectFileSystem):
                    self._fs.info(self._path.split("/")[0])
                return None

    def put(self, path: Path, key: str) -> None:
        """Store a file's bytes under a key, completely or not at all."""
        with _answering(f"{key} in {self.url}", "could not be written"):
            self._fs.put_file(str(path), self._at(key))

    def get(self, key: str, path: Path) -> None:
        """Write an object's bytes to `path`."""
        with _answering(f"{key} in {self.url}", "could not be read"):
            self._fs.get_file(self._at(key), str(path))

    def missing(self, keys: Iterable[str], *, below: str) -> list[str]:
        """The `keys` that are not in the remote, by one listing of everything below a prefix."""
        with _answering(f"{below} in {self.url}", "could not be listed"):
            self._forget()
            start = len(self._path) + 1
            present = {path[start:] for path in self._fs.find(self._at(below))}
        return [key for key in keys if key not in present]

    def _at(self, key: str) -> str:
        return f"{self._path}/{key}"

    def _forget(self) -> None:
        """Drop listings that fsspec keeps: another process may have written meanwhile."""
        self._fs.fs.invalidate_cache()


@contextlib.contextmanager
def _answering(where: str, what: str) -> Iterator[None]:
    """Turn any failure into an error that names the place, without credentials."""
    try:
        yield
    except FAILURES as error:
        reason = str(error) or type(error).__name__
        raise DataStoreError(without_credentials(f"{where} {what}: {reason}")) from error
