"""The releases of the embedded default: one folder each, a tag in the bare remote, and one mark."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime

from wms.adapters.git.cli import Git
from wms.adapters.local.instance import locked
from wms.core.errors import Code, ForgeError, RecordError, RemoteMovedError, RepositoryError, StorageError
from wms.core.files import link_or_copy, read_record, replacing, replacing_folder, write_record
from wms.core.ports import Release, Releases
from wms.core.records.base import GitSha, Record


class ReleaseRecord(Record):
    """A release's `release.json`; its files are beside it, in the folder `files`."""

    tag: str
    sha: GitSha
    title: str
    body: str
    published_at: AwareDatetime


class LatestRecord(Record):
    """Which release is marked as the latest."""

    tag: str | None = None


class LocalReleases(Releases):
    """`Releases` for a bare repository on this machine.

    Args:
        state: a folder for `releases/` and the forge's other files.
        remote: the bare repository with the tags.
    """

    def __init__(self, state: Path, remote: Path) -> None:
        self._lock = state / "forge"
        self._folder = state / "releases"
        self._git = Git(remote)

    def releases(self) -> tuple[Release, ...]:
        with self._changing():
            records = [read_record(path, ReleaseRecord) for path in self._folder.glob("*/release.json")]
            newest_first = sorted(records, key=lambda record: record.published_at, reverse=True)
            return tuple(map(self._shown_release, newest_first))

    def publish_release(self, *, tag: str, sha: str, title: str, body: str, files: Sequence[Path]) -> Release:
        with self._changing():
            if self._record(tag).is_file():
                return self._shown_release(self._released(tag))
            self._set_tag(tag, sha)
            record = ReleaseRecord(tag=tag, sha=sha, title=title, body=body, published_at=datetime.now(UTC))
            with replacing_folder(self._folder / tag) as folder:
                for path in files:
                    link_or_copy(path, folder / "files" / path.name)
                write_record(folder / "release.json", record)
            self._mark_latest(tag)
            return self._shown_release(record)

    def mark_release(self, tag: str, *, title: str, latest: bool) -> None:
        with self._changing():
            write_record(self._record(tag), self._released(tag).model_copy(update={"title": title}))
            if latest:
                self._mark_latest(tag)

    def download_asset(self, tag: str, name: str, to: Path) -> None:
        with self._changing():
            file = self._folder / self._released(tag).tag / "files" / name
            if not file.is_file():
                raise ForgeError(f"the release {tag} has no file {name}", Code.NOT_RELEASED)
            with replacing(to) as temporary:
                shutil.copyfile(file, temporary)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the forge's lock; a failure inside becomes a `ForgeError`."""
        try:
            with locked(self._lock):
                yield
        except (RecordError, StorageError) as error:
            raise ForgeError(str(error), remedy=error.remedy) from error
        except RemoteMovedError:
            raise
        except RepositoryError as error:
            raise ForgeError(str(error)) from error

    def _record(self, tag: str) -> Path:
        return self._folder / tag / "release.json"

    def _released(self, tag: str) -> ReleaseRecord:
        if not self._record(tag).is_file():
            raise ForgeError(f"there is no release {tag}", Code.NOT_RELEASED)
        return read_record(self._record(tag), ReleaseRecord)

    def _shown_release(self, record: ReleaseRecord) -> Release:
        mark = self._folder / "latest.json"
        latest = read_record(mark, LatestRecord).tag if mark.is_file() else None
        return Release(
            tag=record.tag,
            title=record.title,
            url=(self._folder / record.tag).absolute().as_uri(),
            latest=record.tag == latest,
        )

    def _mark_latest(self, tag: str) -> None:
        write_record(self._folder / "latest.json", LatestRecord(tag=tag))

    def _set_tag(self, tag: str, sha: str) -> None:
        ref = f"refs/tags/{tag}"
        found = self._git.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", ok=(0, 1)).line
        if found not in ("", sha):
            raise ForgeError(f"the tag {tag} is on another commit than {sha[:12]}", Code.TAG_TAKEN)
        if not found:
            self._git.run("cat-file", "-e", f"{sha}^{{commit}}")
            self._git.run("update-ref", ref, sha, "")
