"""Restore a run that died between its pull request and its merge, from the records that it stored."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.errors import RecordError
from wms.core.files import read_record
from wms.core.ports import PullRequest, Repository
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
from wms.core.records.split import SplitPlan
from wms.gate.archive import restore_run

PREFIX = promotion_branch("")
"""The first part of the name of every promotion's branch."""


def recover(ctx: Context, pull_request: PullRequest) -> Promotion:
    """Fetch the records of a published run into `run/`, and describe its promotion as publishing did.

    Nothing is trusted: the merge checks this promotion like any other.

    Args:
        ctx: the workspace, fetched just now; its `run/` is empty.
        pull_request: an open one, from a branch of a promotion.

    Raises:
        RecordError: the branch holds no promotion of that run.
        DataStoreError, RecordError: its records are not in the data store as they were.
    """
    repository, run, sha = ctx.ports.repository, ctx.layout.run, pull_request.head_sha
    metadata = ModelMetadata.from_json(
        require_file(repository, sha, METADATA_PATH), source=f"{METADATA_PATH} at {sha[:12]}"
    )
    if promotion_branch(metadata.run_id) != pull_request.head:
        raise RecordError(f"{pull_request.head} at {sha[:12]} is the promotion of another run")
    restore_run(metadata.records_sha256, ctx.ports.data_store, run)
    if ctx.request.run_id != metadata.run_id:
        raise RecordError(f"the records that {pull_request.head} names are of another run")
    base_sha = _base(repository, sha)
    production = metadata_at(repository, base_sha)
    return Promotion(
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
        data_branches=ctx.request.branches,
        left_out=left_out(
            read_record(run / "merge.json", MergePlan),
            read_record(run / "validation.json", ValidationReport),
            read_record(run / "split.json", SplitPlan),
        ),
        actor=metadata.actor,
        created_at=metadata.changed_at,
        pull_request=pull_request.number,
    )


def _base(repository: Repository, sha: str) -> str:
    """The commit of main that a promotion was made on."""
    parents = repository.parents(sha)
    if len(parents) != 1 or not repository.is_ancestor(parents[0], main_head(repository)):
        raise RecordError(f"{sha[:12]} is not a single commit on top of main, as a promotion is")
    return parents[0]
