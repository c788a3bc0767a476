"""The record of a promotion, from its commit and the run's own records."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.files import read_record
from wms.core.production import metadata_at, require_file, require_production
from wms.core.records.base import sha256_hex
from wms.core.records.dataset import MergePlan, ValidationReport
from wms.core.records.left_out import left_out
from wms.core.records.promotion import GENERATED_PATHS, Promotion, promotion_branch
from wms.core.records.split import SplitPlan


def describe_promotion(ctx: Context, commit_sha: str, *, base_sha: str, pull_request: int) -> Promotion:
    """Describe the promotion that the run in `run/` published with a commit on top of `base_sha`.

    Raises:
        RecordError: a record is missing or damaged.
    """
    repository, layout = ctx.ports.repository, ctx.layout
    metadata = require_production(repository, commit_sha)
    production = metadata_at(repository, base_sha)
    return Promotion(
        run_id=metadata.run_id,
        branch=promotion_branch(metadata.run_id),
        base_sha=base_sha,
        commit_sha=commit_sha,
        from_version=production.version if production else None,
        to_version=metadata.version,
        decision_sha256=metadata.decision_sha256,
        records_sha256=metadata.records_sha256,
        files={path: sha256_hex(require_file(repository, commit_sha, path)) for path in GENERATED_PATHS},
        data_branches=ctx.request.branches,
        left_out=left_out(
            read_record(layout.record("merge"), MergePlan),
            read_record(layout.record("validation"), ValidationReport),
            read_record(layout.record("split"), SplitPlan),
        ),
        actor=metadata.actor,
        created_at=metadata.changed_at,
        pull_request=pull_request,
    )
