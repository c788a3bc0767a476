"""Bring back a run that died between its pull request and its merge, from what it stored."""

from __future__ import annotations

from pathlib import Path

from wms.core.errors import RecordError
from wms.core.files import read_record
from wms.core.ports import DataStore, PullRequest, Repository
from wms.core.production import main_head, metadata_at, require_file
from wms.core.records.base import sha256_hex
from wms.core.records.dataset import MergePlan, ValidationReport
from wms.core.records.left_out import left_out
from wms.core.records.promotion import (
    LOCK_PATH,
    MANIFEST_PATH,
    METADATA_PATH,
    POINTER_PATH,
    ModelMetadata,
    Promotion,
    promotion_branch,
)
from wms.core.records.run import RunRequest
from wms.core.records.split import SplitPlan
from wms.gate.archive import restore_run

PREFIX = promotion_branch("")
"""What the branches of promotions start with."""


def recover(
    pull_request: PullRequest, *, to: Path, repository: Repository, data_store: DataStore
) -> tuple[RunRequest, Promotion]:
    """Fetch the records of a published run into `to`, and describe its promotion as publishing did.

    Nothing is taken on trust: what merges a promotion checks this one like any other.

    Args:
        pull_request: an open one, from a branch of a promotion.
        to: an empty run folder.
        repository: fetched just now.
        data_store: where the run's records lie.

    Raises:
        RecordError: the branch holds no promotion of that run.
        NotStoredError, DigestMismatchError: its records are not in the data store as they were.
    """
    sha = pull_request.head_sha
    metadata = ModelMetadata.from_json(
        require_file(repository, sha, METADATA_PATH), source=f"{METADATA_PATH} at {sha[:12]}"
    )
    if promotion_branch(metadata.run_id) != pull_request.head:
        raise RecordError(f"{pull_request.head} at {sha[:12]} is the promotion of another run")
    restore_run(metadata.records_sha256, data_store, to)
    request = read_record(to / "request.json", RunRequest)
    if request.run_id != metadata.run_id:
        raise RecordError(f"the records that {pull_request.head} names are of another run")
    base_sha = _base(repository, sha)
    production = metadata_at(repository, base_sha)
    return request, Promotion(
        run_id=metadata.run_id,
        branch=pull_request.head,
        base_sha=base_sha,
        commit_sha=sha,
        from_version=production.version if production else None,
        to_version=metadata.version,
        decision_sha256=metadata.decision_sha256,
        records_sha256=metadata.records_sha256,
        files={
            path: sha256_hex(require_file(repository, sha, path))
            for path in (METADATA_PATH, MANIFEST_PATH, POINTER_PATH, LOCK_PATH)
        },
        data_branches=request.branches,
        left_out=left_out(
            read_record(to / "merge.json", MergePlan),
            read_record(to / "validation.json", ValidationReport),
            read_record(to / "split.json", SplitPlan),
        ),
        actor=metadata.actor,
        created_at=metadata.changed_at,
        pull_request=pull_request.number,
    )


def _base(repository: Repository, sha: str) -> str:
    """The commit of main that a promotion was made on."""
    parents = repository.parents(sha)
    if len(parents) != 1 or not repository.is_ancestor(parents[0], main_head(repository)):
        raise RecordError(f"{sha[:12]} is no single commit on top of main, as a promotion is")
    return parents[0]
