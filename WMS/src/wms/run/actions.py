"""What this machine does for each command of the job graph; the commands themselves do the same."""

from __future__ import annotations

from collections.abc import Callable

from wms.core.context import Context
from wms.pipeline.stages import data, instance, judging, promotion, training
from wms.run.current import to_publish
from wms.run.preflight import require_ready
from wms.run.readiness import run_preflight
from wms.run.reports import write_reports
from wms.training.process_group import join_team


def _preflight(ctx: Context) -> None:
    trained = ctx.layout.bundle if ctx.layout.record("train").is_file() else None
    report = run_preflight(ctx)
    for line in report.lines:
        if line.degraded:
            ctx.progress.say(f"going on without: {line.what}: {line.result}. {line.remedy}")
    require_ready(report, trained=trained)


def _validate(ctx: Context) -> None:
    data.require_good(data.run_validate(ctx))


def _train(ctx: Context) -> None:
    with join_team() as team:
        training.run_train(ctx, team, resume="if it fits")


def _gate(ctx: Context) -> None:
    decision = judging.run_gate(ctx)
    ctx.progress.say(f"{decision.verdict}: {'; '.join(decision.reasons)}")
    if decision.verdict == "promote" and not to_publish(ctx):
        ctx.progress.say("nothing is promoted: the model is in no registry")


ACTIONS: dict[str, Callable[[Context], object]] = {
    "wms data merge": data.run_merge,
    "wms data validate": _validate,
    "wms data split": data.run_split,
    "wms infra preflight": _preflight,
    "wms infra up --run": instance.run_infra_up,
    "wms model reconcile": promotion.run_reconcile,
    "wms train": _train,
    "wms evaluate": judging.run_evaluate,
    "wms gate": _gate,
    "wms infra down --run": instance.run_infra_down,
    "wms publish": promotion.run_publish,
    "wms merge": promotion.run_complete_merge,
    "wms model release": promotion.run_release,
    "wms report": write_reports,
}
