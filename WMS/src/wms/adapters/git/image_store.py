"""The images that texts on the forge show, in a ref of the repository or in a folder.

On GitHub a run's files are one commit without parents at `refs/wms/reports/<run>`; clones do not fetch
that ref. What GitHub shows of it:

* In issues, pull requests and comments, `.../blob/REV/FILE?raw=true` shows an image of a repository; one of a
  private repository is shown to signed-in readers (docs.github.com, "Basic writing and formatting syntax",
  Images). `raw.githubusercontent.com` knows no session and answers 404 for a private one
  (link-assistant/hive-mind#1034).
* A commit that only a ref outside branches and tags keeps is served by its SHA like any other
  (tested in link-assistant/hive-mind#1844).
* `data:` addresses are removed from comments, and there is no API for attachments
  (docs/case-studies/issue-1843 of that repository).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from wms.adapters.git.cli import Git
from wms.adapters.git.refs import RemoteRefs
from wms.adapters.git.trees import hash_folder, make_commit
from wms.core.errors import StorageError
from wms.core.files import link_or_copy, replacing_folder
from wms.core.ports import ImageStore
from wms.core.progress import Silent
from wms.core.records.run import started_at

REFS = "refs/wms/reports/"


class GitImageStore(ImageStore):
    """`ImageStore` in the Git remote of a repository on GitHub.

    Args:
        root: a folder of the clone.
        page: the repository's address, such as `https://github.com/OWNER/NAME`.
        env: environment variables of all Git commands, such as `token_access`.
    """

    def __init__(self, root: Path, page: str, *, env: Mapping[str, str] | None = None) -> None:
        self._root, self._page, self._env = root, page, dict(env or {})
        self._refs = RemoteRefs(Git(root, env))

    def store(self, run_id: str, folder: Path) -> Mapping[str, str]:
        # With the date of the run the same files give the same commit, so earlier links stay valid.
        dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), _git_date(started_at(run_id)))
        git = Git(self._root, {**self._env, **dates})
        entries = hash_folder(git, folder, under="", progress=Silent())
        sha = make_commit(git, entries, parent=None, message=f"Images of the report on {run_id}")
        git.run("push", "--quiet", "--force", "--no-verify", "origin", f"{sha}:{REFS}{run_id}")
        return {
            path.name: f"{self._page}/blob/{sha}/{quote(path.name)}?raw=true"
            for path in sorted(folder.iterdir())
        }

    def runs(self) -> tuple[str, ...]:
        return tuple(sorted(ref.removeprefix(REFS) for ref in self._refs.matching(f"{REFS}*")))

    def remove(self, run_ids: Sequence[str]) -> None:
        there = self._refs.matching(f"{REFS}*")
        gone = [ref for run_id in run_ids if (ref := f"{REFS}{run_id}") in there]
        if gone:
            self._refs.delete(gone)


class LocalImageStore(ImageStore):
    """`ImageStore` in a folder, beside the local forge whose texts show the images.

    Args:
        folder: made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store(self, run_id: str, folder: Path) -> Mapping[str, str]:
        place = self._folder / run_id
        with replacing_folder(place) as target:
            for path in folder.iterdir():
                link_or_copy(path, target / path.name)
        return {path.name: path.absolute().as_uri() for path in sorted(place.iterdir())}

    def runs(self) -> tuple[str, ...]:
        if not self._folder.is_dir():
            return ()
        return tuple(sorted(path.name for path in self._folder.iterdir() if path.name[0] != "."))

    def remove(self, run_ids: Sequence[str]) -> None:
        try:
            for run_id in set(run_ids) & set(self.runs()):
                shutil.rmtree(self._folder / run_id)
        except OSError as error:
            raise StorageError(f"{self._folder} could not be changed: {error.strerror}") from error


def _git_date(moment: datetime) -> str:
    return f"{int(moment.timestamp())} +0000"
