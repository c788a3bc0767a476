"""Stages that change what is in production."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import RegistryAwayError, WmsError
from wms.core.files import read_record, write_record
from wms.core.production import main_head, metadata_at
from wms.core.records.dataset import MergePlan, ValidationReport
from wms.core.records.decision import GateDecision
from wms.core.records.left_out import left_out
from wms.core.records.promotion import POINTER_PATH, Merged, Promotion, RolledBack, RunArchive
from wms.core.records.release import ReleaseOutcome, ReleaseProvenance
from wms.core.records.run import Reconciliation
from wms.core.records.split import SplitPlan
from wms.core.records.training import Candidate, TrainResult
from wms.data.taken import announce_taken
from wms.data.verbs import require_dataset
from wms.gate.pictures import stored_gallery
from wms.gate.replay import read_inputs
from wms.promotion.merge import complete_merge
from wms.promotion.publish import publish
from wms.promotion.reconcile import reconcile
from wms.promotion.release import release_production
from wms.promotion.rollback import roll_back
from wms.promotion.tested import ci_evidence
from wms.report.gallery import NO_PICTURES, Gallery
from wms.report.markdown import promotion_body, rollback_body, taken_body
from wms.report.records import RunRecords
from wms.report.release import release_body
from wms.run import reports
from wms.run.current import is_published, require_run_of_main


def run_publish(ctx: Context) -> Promotion:
    """Store data and weights, make the promotion's commit, open its pull request.

    What is published already stays as it is: a job that runs again goes on with the same commit. Its dataset
    is stored anew if it is not whole: a machine that died may have taken it along.
    """
    layout = ctx.layout
    if is_published(ctx):
        promotion = read_record(layout.record("promotion"), Promotion)
        pointer = ctx.ports.repository.read_file(promotion.commit_sha, POINTER_PATH)
        if pointer is not None and not ctx.ports.data_store.has_dataset(pointer):
            require_dataset(ctx)
            ctx.ports.data_store.store_dataset(layout.dataset)
        return promotion
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


def is_tested(ctx: Context, promotion: Promotion) -> bool:
    """Whether a promotion's commit has earned the status `ci`, so that `ci.yml` need not run on it."""
    repository = ctx.ports.repository
    evidence = ci_evidence(
        promotion.commit_sha,
        base_sha=promotion.base_sha,
        main_sha=main_head(repository),
        ci_passed=None,
        repository=repository,
        forge=ctx.ports.forge,
    )
    return evidence is not None


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


def run_complete_merge(ctx: Context, *, ci_passed: str | None = None) -> Merged:
    """Replay the decision on the published commit, merge it, and move the registry's alias.

    `ci_passed` is the commit that `ci.yml` was called on and passed, where it had to be.
    """
    layout = ctx.layout
    promotion = read_record(layout.record("promotion"), Promotion)
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
    """Put an earlier model back into production, and move the registry's alias and the release's mark.

    With `propose` only its pull request is opened. `ci_passed` is the commit that `ci.yml` was called on.
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
        describe=lambda current, target: rollback_body(current, target, run_url=ctx.run_url),
        dry_run=dry_run,
        propose=propose,
        ci_passed=ci_passed,
    )
    if not dry_run and outcome.proposed is None:
        _reconcile_if_there(ctx)
        return outcome.model_copy(update={"unreleased": _why_unreleased(ctx)})
    return outcome


def run_release(ctx: Context, *, dry_run: bool = False) -> ReleaseOutcome:
    """Make the forge's releases agree with main.

    Raises:
        DataStoreError: a file of the model in production is not in the data store.
        ForgeError: the forge refused.
    """
    ctx.ports.repository.fetch()
    return release_production(
        repository=ctx.ports.repository,
        data_store=ctx.ports.data_store,
        forge=ctx.ports.forge,
        describe=partial(release_body, repository=ctx.github_name),
        report_of=lambda promoted: _report_of(ctx, promoted),
        scratch=ctx.layout.state,
        dry_run=dry_run,
    )


def _why_unreleased(ctx: Context) -> str | None:
    """Make the releases agree with main; return why not, if that failed: the rollback is done either way."""
    try:
        run_release(ctx)
    except WmsError as error:
        return f"{error}. {error.remedy} Then run `wms model release`."
    return None


def _report_of(ctx: Context, promoted: ReleaseProvenance) -> Path | None:
    """The report of the run in `run/`, if it promoted this very model."""
    record = ctx.layout.record("promotion")
    if not record.is_file():
        return None
    records_sha256 = read_record(record, Promotion).records_sha256
    return reports.write_report_page(ctx) if records_sha256 == promoted.model.records_sha256 else None


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
