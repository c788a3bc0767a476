"""Stages that change what is in production."""

from __future__ import annotations

from wms.domain.dataset import MergePlan, ValidationReport
from wms.domain.errors import FailedChecksError, RegistryAwayError
from wms.domain.gate import GateDecision
from wms.domain.left_out import left_out
from wms.domain.promotion import Merged, Promotion, RolledBack, RunArchive
from wms.domain.run import Reconciliation
from wms.domain.split import SplitPlan
from wms.domain.training import Candidate, TrainResult
from wms.files import read_record, write_record
from wms.pipeline.context import Context
from wms.pipeline.current import require_run_of_main
from wms.pipeline.pictures import stored_gallery
from wms.pipeline.stages.data import require_dataset
from wms.report.gallery import NO_PICTURES, Gallery
from wms.report.markdown import promotion_body, taken_body
from wms.report.records import RunRecords
from wms.steps.complete_merge import complete_merge
from wms.steps.gate import read_inputs
from wms.steps.production import metadata_at
from wms.steps.publish import publish
from wms.steps.reconcile import reconcile
from wms.steps.rollback import roll_back
from wms.steps.taken import announce_taken


def run_publish(ctx: Context) -> Promotion:
    """Store data and weights, make the promotion's commit, open its pull request."""
    layout = ctx.layout
    require_run_of_main(ctx)
    require_dataset(ctx)
    promotion = publish(
        layout=layout,
        request=ctx.request,
        manifest=ctx.manifest(),
        result=read_record(layout.record("train"), TrainResult),
        candidate=read_record(layout.record("candidate"), Candidate),
        decision=read_record(layout.record("decision"), GateDecision),
        archive=read_record(layout.record("archive"), RunArchive),
        left_out=left_out(
            read_record(layout.record("merge"), MergePlan),
            read_record(layout.record("validation"), ValidationReport),
            read_record(layout.record("split"), SplitPlan),
        ),
        body=publication_text(ctx, stored_gallery(ctx)),
        now=ctx.clock(),
        repository=ctx.ports.repository,
        data_store=ctx.ports.data_store,
        forge=ctx.ports.forge,
    )
    write_record(layout.record("promotion"), promotion)
    return promotion


def publication_text(ctx: Context, gallery: Gallery = NO_PICTURES) -> str:
    """What the pull request of this run would say, with these pictures.

    Raises:
        RecordError: the run is none on main.
    """
    require_run_of_main(ctx)
    production = metadata_at(ctx.ports.repository, ctx.request.base_sha)
    return promotion_body(
        RunRecords.load(ctx.layout.run),
        from_version=production.version if production else None,
        gallery=gallery,
        run_url=ctx.run_url,
    )


def run_complete_merge(ctx: Context, *, ci_passed: str | None = None, ci_failed: str | None = None) -> Merged:
    """Replay the decision on the published commit, merge it, and move the registry's alias.

    `ci_passed` is the commit that the CI ran on and passed, where it ran; `ci_failed` the one it failed on.

    Raises:
        FailedChecksError: the CI failed on the published commit.
    """
    layout = ctx.layout
    promotion = read_record(layout.record("promotion"), Promotion)
    if ci_failed == promotion.commit_sha:
        raise FailedChecksError(f"the CI failed on {ci_failed[:12]}, which this run published")
    merged = complete_merge(
        promotion=promotion,
        decision=read_record(layout.record("decision"), GateDecision),
        inputs=read_inputs(layout.run),
        repository=ctx.ports.repository,
        data_store=ctx.ports.data_store,
        forge=ctx.ports.forge,
        ci_passed=ci_passed,
    )
    _announce_taken(ctx, promotion, merged)
    write_record(layout.record("merged"), merged)
    _reconcile_if_there(ctx)
    return merged


def _announce_taken(ctx: Context, promotion: Promotion, merged: Merged) -> None:
    heads = {branch.name: branch for branch in promotion.data_branches}
    for item in promotion.left_out:
        if item.branch in merged.taken_branches:
            announce_taken(
                branch=heads[item.branch],
                left_out=item,
                version=merged.version,
                body=taken_body(item, version=merged.version, run_url=ctx.run_url),
                forge=ctx.ports.forge,
            )


def run_rollback(
    ctx: Context,
    *,
    version: int | None,
    reason: str,
    dry_run: bool = False,
    propose: bool = False,
    ci_passed: str | None = None,
) -> RolledBack:
    """Put an earlier model back into production, and move the registry's alias.

    With `propose` only its pull request is opened; `ci_passed` then names the commit that the CI passed.
    """
    ports = ctx.ports
    outcome = roll_back(
        version=version,
        reason=reason,
        actor=ctx.actor,
        now=ctx.clock(),
        repository=ports.repository,
        data_store=ports.data_store,
        forge=ports.forge,
        dry_run=dry_run,
        propose=propose,
        ci_passed=ci_passed,
    )
    if not dry_run and outcome.proposed is None:
        _reconcile_if_there(ctx)
    return outcome


def _reconcile_if_there(ctx: Context) -> None:
    """Reconcile, unless the registry lies on an instance that is not up: then it follows once it is."""
    try:
        run_reconcile(ctx)
    except RegistryAwayError as error:
        ctx.progress.say(f"{error}: its alias follows when the instance is up next")


def run_reconcile(ctx: Context, *, dry_run: bool = False, adopt: bool = False) -> Reconciliation:
    """Make the registry agree with main.

    Raises:
        ForeignAliasError: somebody else set the alias, and `adopt` is not given.
    """
    ctx.ports.repository.fetch()
    return reconcile(
        repository=ctx.ports.repository,
        registry=ctx.ports.registry,
        data_store=ctx.ports.data_store,
        scratch=ctx.layout.champions,
        dry_run=dry_run,
        adopt=adopt,
    )
