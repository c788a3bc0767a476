"""The texts of a run on GitHub: pull requests, comments on data branches, the job summary, the release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wms.core.errors import RecordError
from wms.core.records.dataset import MergePlan, ValidationReport
from wms.core.records.decision import GateDecision
from wms.core.records.left_out import LeftOut
from wms.core.records.metrics import GATED
from wms.core.records.promotion import ModelMetadata
from wms.core.records.release import DIGESTS_FILE, ReleaseProvenance
from wms.report.gallery import NO_IMAGES, Gallery
from wms.report.markup import COMMENT_LIMIT
from wms.report.records import RunRecords
from wms.report.render import render
from wms.report.view import RunView, comparison, conflict_rows


def promotion_body(
    records: RunRecords,
    *,
    from_version: int | None = None,
    gallery: Gallery = NO_IMAGES,
    run_url: str = "",
) -> str:
    """The text of a promotion's pull request: the verdict first, then its evidence.

    Args:
        records: the run's; `candidate` and `decision` must be among them.
        from_version: the version in production now, where the caller knows it.
        gallery: the images that it shows.
        run_url: the page of the workflow's run; empty where no workflow runs this.

    Raises:
        RecordError: one of those records is missing, or the model is in no registry.
    """
    decision, candidate, run = records.decision, records.candidate, RunView(records)
    if decision is None or candidate is None:
        raise RecordError("a promotion needs the run's candidate and decision")
    if candidate.version is None:
        raise RecordError(run.unregistered, remedy=f"Register it: `{run.adopting}`.")
    return render(
        "promotion",
        run=run,
        decision=decision,
        version=candidate.version,
        from_version=from_version,
        gallery=gallery,
        run_url=run_url,
    )


def hold_body(records: RunRecords, *, gallery: Gallery = NO_IMAGES, run_url: str = "") -> str:
    """The comment on a branch that is not promoted: why, with the numbers, and what to do next.

    That is a hold, or a model that is good enough and in no registry. For the arguments see `promotion_body`.

    Raises:
        RecordError: the run has no decision.
    """
    if records.decision is None:
        raise RecordError("a hold needs the run's decision")
    run = RunView(records)
    return render("hold", run=run, decision=records.decision, gallery=gallery, run_url=run_url)


def blocked_body(report: ValidationReport, *, run_url: str = "") -> str:
    """The comment on a push whose data are refused: each finding and its remedy, errors first."""
    return render("blocked", report=report, run_url=run_url)


def conflict_body(plan: MergePlan, *, run_url: str = "") -> str:
    """The comment on a push that has names of the dataset with other bytes."""
    return render("conflicts", rows=conflict_rows(plan), run_url=run_url)


def waiting_body(refused: Sequence[str], *, run_url: str = "") -> str:
    """The comment on a branch with good data that was taken together with the branches `refused`."""
    return render("waiting", refused=refused, run_url=run_url)


def taken_body(left_out: LeftOut, *, version: int, run_url: str = "") -> str:
    """The comment on a branch that was taken in part: what was set aside, and how to finish."""
    return render("taken", left_out=left_out, version=version, run_url=run_url)


def rollback_body(current: ModelMetadata, target: ModelMetadata, *, run_url: str = "") -> str:
    """The text of a rollback's pull request: from which model to which, why, and who requested it."""
    rows = [
        (version, *(metric.shown(model.metrics) for metric in GATED))
        for version, model in ((f"{current.version} (now)", current), (target.version, target))
    ]
    names = [metric.name for metric in GATED]
    return render("rollback", current=current, target=target, names=names, rows=rows, run_url=run_url)


def summary(records: RunRecords) -> str:
    """A job summary: how the run ended, and every table that its records allow."""
    return render(
        "summary",
        # Far below the limit of a summary: everything that can grow is bounded.
        limit=4 * COMMENT_LIMIT,
        run=RunView(records),
        request=records.request,
        decision=records.decision,
        gallery=NO_IMAGES,
    )


def release_body(
    promoted: ReleaseProvenance, decision: GateDecision, digests: Mapping[str, str], *, repository: str
) -> str:
    """A release's text; it is the same whichever model is in production now.

    `repository` is `OWNER/NAME` on GitHub, and empty elsewhere.
    """
    return render(
        "release",
        promoted=promoted,
        model=promoted.model,
        decision=decision,
        comparison=comparison(decision),
        digests=digests,
        digests_file=DIGESTS_FILE,
        repository=repository,
    )
