"""Restore a run that died between its pull request and its merge, from the records that it stored."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.errors import RecordError
from wms.core.ports import PullRequest, Repository
from wms.core.production import main_head, require_production
from wms.core.records.promotion import Promotion, promotion_branch
from wms.gate.archive import restore_run
from wms.promotion.publish import describe_promotion

PREFIX = promotion_branch("")
"""The first part of the name of every promotion's branch."""


def recover(ctx: Context, pull_request: PullRequest) -> Promotion:
    """Fetch the records of a published run into `run/`, and describe its promotion as publishing did.

    Nothing is trusted: the merge checks this promotion like any other. The pull request is open, the
    repository was fetched just now, and `run/` is empty.

    Raises:
        NoProductionModelError: the branch names no model.
        RecordError: the branch holds no promotion of that run, or a record is damaged.
        DataStoreError: its records are not in the data store.
    """
    repository, sha = ctx.ports.repository, pull_request.head_sha
    metadata = require_production(repository, sha)
    if promotion_branch(metadata.run_id) != pull_request.head:
        raise RecordError(f"{pull_request.head} at {sha[:12]} is the promotion of another run")
    restore_run(metadata.records_sha256, ctx.ports.data_store, ctx.layout.run)
    if ctx.request.run_id != metadata.run_id:
        raise RecordError(f"the records that {pull_request.head} names are of another run")
    base_sha = _base(repository, sha)
    return describe_promotion(ctx, sha, base_sha=base_sha, pull_request=pull_request.number)


def _base(repository: Repository, sha: str) -> str:
    """The commit of main that a promotion was made on."""
    parents = repository.parents(sha)
    if len(parents) != 1 or not repository.is_ancestor(parents[0], main_head(repository)):
        raise RecordError(f"{sha[:12]} is not a single commit on top of main, as a promotion is")
    return parents[0]
