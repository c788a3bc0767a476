"""Remove from a new repository the dataset and the model of its template."""

from __future__ import annotations

from typing import Protocol

from wms.core.errors import Code, InputError
from wms.core.ports import Forge, Repository
from wms.core.production import MAIN, metadata_at
from wms.core.records.promotion import (
    LOCK_PATH,
    MANIFEST_PATH,
    METADATA_PATH,
    NO_MODEL_JSON,
    POINTER_PATH,
    promotion_branch,
)

BRANCH = "fresh"
TITLE = "Start without the data and the model of the template"
BODY = (
    "The files of this pull request name images and a model in the storage of another repository. "
    "This one starts without them; its first data push trains its first model."
)


class _Hosting(Protocol):
    """See `GhRepository`."""

    def has_state(self) -> bool: ...
    def merged_here(self, branch: str) -> bool: ...


def leftovers(repository: Repository, main_sha: str) -> dict[str, bytes | None]:
    """The files to replace, or (`None`) to remove, for a repository without data and model."""
    found: dict[str, bytes | None] = {
        path: None
        for path in (MANIFEST_PATH, POINTER_PATH, LOCK_PATH)
        if repository.read_file(main_sha, path) is not None
    }
    if metadata_at(repository, main_sha) is not None:
        found[METADATA_PATH] = NO_MODEL_JSON
    return found


def require_foreign(repository: Repository, main_sha: str, hosting: _Hosting) -> None:
    """Check that data and model on main were not made in this repository.

    A promotion is a merged pull request in the repository that made it; a copy has none.

    Raises:
        InputError: they were.
    """
    if hosting.has_state():
        raise InputError(
            "this repository has data and models of its own (refs/wms/state)", Code.OCCUPIED_REPOSITORY
        )
    model = metadata_at(repository, main_sha)
    if model is not None and hosting.merged_here(promotion_branch(model.run_id)):
        raise InputError(f"model v{model.version} was promoted in this repository", Code.OCCUPIED_REPOSITORY)


def start_fresh(repository: Repository, forge: Forge, main_sha: str, files: dict[str, bytes | None]) -> str:
    """Remove them from main by a pull request; return its URL. It can be repeated after a crash.

    Raises:
        ForgeError: the rules of main do not allow it to an administrator.
        RemoteMovedError: main or the branch moved meanwhile.
    """
    commit = repository.commit(main_sha, files, message=TITLE)
    repository.push(commit, BRANCH, expect=repository.head(BRANCH))
    pull = forge.open_pull_request(head=BRANCH, base=MAIN, title=TITLE, body=BODY)
    forge.merge(pull.number, sha=commit)
    repository.fetch()
    repository.delete_branch(BRANCH, expect=commit)
    return pull.url
