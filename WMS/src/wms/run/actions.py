"""What this machine does for each command of the job graph; the commands themselves do the same."""

from __future__ import annotations

from collections.abc import Callable

from wms.cloud.run_lease import release_run_lease, take_run_lease
from wms.core.context import Context
from wms.data.merge import merge_branches
from wms.data.split import split_samples
from wms.data.validate import require_good, validate_incoming
from wms.gate.evaluate import evaluate_candidate
from wms.gate.reports import write_reports
from wms.gate.verdict import decide_promotion
from wms.promotion.merge import merge_promotion
from wms.promotion.publish import publish_promotion
from wms.promotion.reconcile import reconcile_registry
from wms.promotion.release import release_production
from wms.run.preflight import require_ready
from wms.run.readiness import run_preflight
from wms.training.candidate import train_candidate
from wms.training.process_group import join_team


def _preflight(ctx: Context) -> None:
    trained = ctx.layout.bundle if ctx.layout.record("train").is_file() else None
    report = run_preflight(ctx)
    for line in report.lines:
        if line.degraded:
            ctx.progress.say(f"going on without: {line.what}: {line.result}. {line.remedy}")
    require_ready(report, trained=trained)


def _validate(ctx: Context) -> None:
    require_good(validate_incoming(ctx))


def _train(ctx: Context) -> None:
    with join_team() as team:
        train_candidate(ctx, team, resume="if it fits")


def _gate(ctx: Context) -> None:
    decision = decide_promotion(ctx)
    ctx.progress.say(f"{decision.verdict}: {'; '.join(decision.reasons)}")
    if decision.verdict == "promote" and not ctx.is_publishable:
        ctx.progress.say("nothing is promoted: the model is in no registry")


ACTIONS: dict[str, Callable[[Context], object]] = {
    "wms data merge": merge_branches,
    "wms data validate": _validate,
    "wms data split": split_samples,
    "wms infra preflight": _preflight,
    "wms infra up --run": take_run_lease,
    "wms model reconcile": reconcile_registry,
    "wms train": _train,
    "wms evaluate": evaluate_candidate,
    "wms gate": _gate,
    "wms infra down --run": release_run_lease,
    "wms publish": publish_promotion,
    "wms merge": merge_promotion,
    "wms model release": release_production,
    "wms report": write_reports,
}
