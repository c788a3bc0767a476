"""The seven outside systems, as the pipeline sees them; those of the cloud are in `cloud_ports.py`.

Adapters subclass these Protocols, and what a method does is described here. `tests/contract/` holds one suite
for each, run against every implementation. A lookup that fails raises: no method returns a default instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from wms.core.cloud_ports import Compute, LeaseStore


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One value of one metric at one step; `timestamp_ms` is Unix time in milliseconds."""

    name: str
    value: float
    step: int
    timestamp_ms: int


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A registered model: its number, the tracker's run, and the weights it stands for."""

    version: int
    run_id: str
    weights_sha256: str
    created_at: datetime


RunStatus = Literal["finished", "failed", "killed"]


class Registry(Protocol):
    """Experiment tracking and the model registry (MLflow). All methods raise `RegistryError`."""

    def start_run(self, name: str, *, params: Mapping[str, str], tags: Mapping[str, str]) -> str:
        """Open a tracking run and return its ID."""

    def log_metrics(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """Log any number of values in as few requests as the tracker allows."""

    def log_files(self, run_id: str, folder: Path, *, under: str) -> None:
        """Store every file below `folder` as artifacts of the run, below the path `under`."""

    def end_run(self, run_id: str, status: RunStatus) -> None:
        """Close a tracking run."""

    def log_evaluation(
        self,
        run_id: str,
        *,
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
        table: Mapping[str, Sequence[str | float]],
    ) -> None:
        """Add an evaluation to a run: values, tags, and a table by columns; repeated, it replaces them."""

    def count_runs(self, tags: Mapping[str, str], *, besides: str) -> int:
        """How many tracking runs have all these tags, without the run `besides`."""

    def describe(self, version: int, text: str, *, tags: Mapping[str, str]) -> None:
        """Set the description (Markdown) of a registered version and its run, and the version's tags."""

    def register(self, run_id: str, bundle: Path, *, weights_sha256: str) -> ModelVersion:
        """Store a model bundle and register it; the same weights again give the same version."""

    def fetch_model(self, version: ModelVersion, to: Path) -> None:
        """Put the files of a registered bundle into the folder `to` (replaced if there); none is checked."""

    def versions(self) -> tuple[ModelVersion, ...]:
        """All registered versions, oldest first; one without a weights digest is not ours."""

    def production(self) -> int | None:
        """The version that the `production` alias names; `None` only if the registry says so."""

    def set_production(self, version: int | None) -> None:
        """Point the `production` alias at a version, or remove it."""


@dataclass(frozen=True, kw_only=True)
class StoredDataset:
    """A dataset as stored: the pointer file's text and its content hash (DVC's `md5 … .dir`)."""

    pointer: bytes
    md5: str


class DataStore(Protocol):
    """Data and blobs by digest, in the DVC remote. All methods raise `DataStoreError`."""

    def fetch_dataset(self, pointer: bytes, to: Path) -> None:
        """Put the dataset that a pointer names into the folder `to` (replaced if there).

        Files may be read-only hard links into the cache: never write into them. Damaged files in the cache
        are fetched again.
        """

    def fetch_file(self, pointer: bytes, name: str, to: Path) -> None:
        """Put one file of the dataset that a pointer names, such as `images/1.jpg`, at the path `to`.

        Raises:
            DataStoreError: the dataset has no such file, or it is not stored.
        """

    def store_dataset(self, folder: Path) -> StoredDataset:
        """Upload a dataset folder, which stays as it is; return its pointer once every byte is stored."""

    def has_dataset(self, pointer: bytes) -> bool:
        """Whether every file of the dataset that a pointer names is stored."""

    def lock_stages(self, tree: Path) -> bytes:
        """Record what the stages of `tree/dvc.yaml` read and wrote, as the text of `dvc.lock`.

        Nothing is run: the inputs and outputs of the stages are in `tree` already. `tree` is no DVC
        repository of its own; `dvc.lock` stays in it.
        """

    def put_blob(self, path: Path) -> str:
        """Store a file and return its SHA-256; storing it again is no error."""

    def get_blob(self, sha256: str, to: Path) -> None:
        """Fetch a blob to the path `to` and check its SHA-256.

        Raises:
            DataStoreError: there is no such blob.
            RecordError: the stored bytes are others; `to` is left as it was.
        """

    def has_blob(self, sha256: str) -> bool:
        """Whether a blob is stored."""

    def probe(self) -> None:
        """Write a small object and read it back, to prove that both work now.

        It is written whatever is there already, and always to the same place.
        """


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit of a history."""

    sha: str
    subject: str
    author: str
    at: datetime


class Repository(Protocol):
    """The Git repository and its remote. All methods raise `RepositoryError`.

    Reads show the remote's branches as of the last `fetch`. No method touches the working tree, the index,
    or a local branch of the user's. A revision is a full commit SHA or the name of a remote branch. An
    unknown revision is an error, and so is a question about history that a shallow clone cannot answer.
    """

    def fetch(self) -> None:
        """Update what is known of the remote, deleted branches included."""

    def head(self, branch: str) -> str | None:
        """The commit at the tip of a remote branch, or `None` if the branch does not exist."""

    def look(self, branch: str) -> str | None:
        """The commit at the tip of a branch of the remote at this moment; it can be read then.

        No ref of the clone changes, so that it disturbs no other command there.
        """

    def branches(self, prefix: str) -> tuple[str, ...]:
        """Names of the remote branches that start with `prefix`, sorted."""

    def read_file(self, rev: str, path: str) -> bytes | None:
        """A file's bytes at a revision, or `None` if that revision has no such file.

        Raises:
            RepositoryError: `path` is a folder, a link or a submodule there.
        """

    def export(self, rev: str, path: str, to: Path) -> int:
        """Write every file below `path` at `rev` into `to` (replaced if there); return how many.

        Bytes are those in Git, without filters. Symbolic links are written as links to nowhere, so that
        validation can name them.

        Raises:
            RepositoryError: a submodule, or a name that leads out of `to`.
            StorageError: the files could not be written; what was at `to` is unchanged.
        """

    def changed_paths(self, base: str, rev: str) -> tuple[str, ...]:
        """The files in which two revisions differ, sorted; a renamed file counts under both names."""

    def history(self, rev: str, path: str) -> tuple[Commit, ...]:
        """The commits on the first-parent line of `rev` that changed `path`, newest first."""

    def commit(self, parent: str, files: Mapping[str, bytes | None], *, message: str) -> str:
        """Make a commit on top of `parent` with files written (or, by `None`, removed).

        Until `push` the commit is only in the object store. Equal arguments in the same second give the same
        commit.
        """

    def commit_folder(self, parent: str, folder: Path, *, under: str, message: str) -> str:
        """Make a commit on top of `parent` with every file below `folder` put below `under`.

        For many or large files: Git reads them itself. Links stay links.
        """

    def push(self, sha: str, branch: str, *, expect: str | None) -> None:
        """Set a remote branch to a commit if it is at `expect` now (`None`: does not exist yet).

        A branch that is at `sha` already is no error.

        Raises:
            RemoteMovedError: it is elsewhere; nothing was changed.
        """

    def delete_branch(self, branch: str, *, expect: str) -> bool:
        """Delete a remote branch if it is still at `expect`; false if it is elsewhere or gone."""

    def is_ancestor(self, sha: str, of: str) -> bool:
        """Whether `sha` is reachable from `of`."""

    def parents(self, sha: str) -> tuple[str, ...]:
        """The commits that a commit was made on top of, in their order."""


CheckState = Literal["success", "failure", "pending", "error"]


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """The present state of a pull request."""

    number: int
    url: str
    head: str
    head_sha: str
    base: str
    title: str
    body: str
    state: Literal["open", "closed", "merged"]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Check:
    """The latest status of one context on one commit."""

    context: str
    state: CheckState
    description: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """A published release; `latest` is the forge's mark, which only one release has."""

    tag: str
    title: str
    url: str
    latest: bool


class Releases(Protocol):
    """Files published under a tag. All methods raise `ForgeError`."""

    def releases(self) -> tuple[Release, ...]:
        """Every published release, newest first."""

    def publish_release(self, *, tag: str, sha: str, title: str, body: str, files: Sequence[Path]) -> Release:
        """Publish files under a tag on a commit, and mark the release as the latest.

        Nobody sees an incomplete release. An existing release of the tag is returned as it is. The names of
        the files must differ.

        Raises:
            ForgeError: the tag exists already, on another commit.
        """

    def mark_release(self, tag: str, *, title: str, latest: bool) -> None:
        """Change the title of a published release; with `latest` move the mark to it.

        Raises:
            ForgeError: there is no such release.
        """

    def download_asset(self, tag: str, name: str, to: Path) -> None:
        """Write a file of a published release to the path `to`, completely or not at all.

        Raises:
            ForgeError: there is no such release, or it has no such file.
        """


DeploymentState = Literal["queued", "in_progress", "success", "failure", "inactive"]


class Deployments(Protocol):
    """What is deployed from the repository, as the forge shows it. All methods raise `ForgeError`."""

    def record_deployment(self, *, environment: str, sha: str, description: str) -> int:
        """Begin a deployment of a commit; return its number."""

    def set_deployment_state(self, number: int, state: DeploymentState, *, description: str) -> None:
        """Say how a deployment is going; a success makes those of its environment that were one inactive.

        Raises:
            ForgeError: there is no such deployment, or the description has more than 140 characters.
        """

    def deployment_state(self, number: int) -> str:
        """How a deployment is going: a `DeploymentState`, or another word of the forge's.

        Raises:
            ForgeError: there is no such deployment.
        """

    def page_url(self) -> str | None:
        """The address of the repository's page, if a workflow may publish it; `None` if not."""


class Issues(Protocol):
    """What people are told that belongs to no commit. All methods raise `ForgeError`."""

    def raise_issue(self, *, label: str, title: str, body: str) -> int:
        """Open an issue with a label, or give the open one with it this title and text; return its number.

        Raises:
            ForgeError: the repository has no issues, or the token may not write them.
        """


class Forge(Releases, Deployments, Issues, Protocol):
    """Pull requests, statuses, comments, dispatches, issues, releases and deployments.

    All methods raise `ForgeError`.
    """

    def open_pull_request(
        self, *, head: str, base: str, title: str, body: str, labels: Sequence[str] = ()
    ) -> PullRequest:
        """Open a pull request, or take the open one of this head, and label it.

        Labels are for people: a label that cannot be added is logged as a warning, and is no error.

        Raises:
            ForgeError: a branch is missing, or the head has nothing that the base lacks.
            ForgeError: the token, or the repository's settings, do not allow it.
        """

    def pull_request(self, number: int) -> PullRequest:
        """A pull request by number; while it is open, as its head branch is now."""

    def pull_requests(self, *, head_prefix: str, state: Literal["open", "all"]) -> tuple[PullRequest, ...]:
        """The pull requests whose head branch starts with a prefix, oldest first; none of forks."""

    def merge(self, number: int, *, sha: str) -> str:
        """Merge a pull request if its head is at `sha`; return the merge commit. A merged one is no error.

        Raises:
            RemoteMovedError: the head is elsewhere, or the base moved meanwhile.
            UnmergeableError: it is closed, or conflicts with its base.
            ForgeError: the base's rules ask for more than it has.
        """

    def close(self, number: int, *, comment: str) -> None:
        """Close a pull request without merging it; a closed one gets the comment only.

        Raises:
            ForgeError: it is merged.
        """

    def set_status(self, sha: str, check: Check) -> None:
        """Post a commit status; the latest of a context counts.

        Raises:
            ForgeError: there is no such commit, or the description has more than 140 characters.
        """

    def statuses(self, sha: str) -> tuple[Check, ...]:
        """The latest status of every context on a commit, by context."""

    def ci_passed(self, sha: str) -> bool:
        """Whether the check or status `ci` of a commit is there and passed."""

    def comment(self, sha: str, body: str) -> None:
        """Comment on a commit."""

    def dispatch(self, workflow: str, inputs: Mapping[str, str]) -> None:
        """Start a workflow on main.

        Raises:
            ForgeError: there is no such workflow, or it does not take these inputs.
        """


class ImageStore(Protocol):
    """The images that texts on the forge show. All methods raise `RepositoryError` or `StorageError`."""

    def store(self, run_id: str, folder: Path) -> Mapping[str, str]:
        """Keep every file of a folder under a run's name, and return the URL of each by file name.

        Earlier images of the run are replaced. The same files have the same URLs again.
        """

    def runs(self) -> tuple[str, ...]:
        """The runs that have images here, sorted."""

    def remove(self, run_ids: Sequence[str]) -> None:
        """Remove the images of these runs; a run without images is no error."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """All seven, as the wiring connects them for one workspace."""

    registry: Registry
    data_store: DataStore
    repository: Repository
    compute: Compute
    leases: LeaseStore
    forge: Forge
    images: ImageStore
