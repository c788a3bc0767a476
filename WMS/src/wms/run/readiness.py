"""The stage that asks whether a run can come to its end."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from wms.cloud.cost import month_cost
from wms.cloud.preflight import aws_preflight, credentials_expire_at
from wms.core.context import Context
from wms.core.records.preflight import PreflightReport
from wms.core.settings import load_train_settings
from wms.core.settings.infra import OVER_BUDGET_VARIABLE
from wms.run.preflight import preflight

OVERHEAD = timedelta(minutes=30)
"""What a run takes beside its training: start of the instance, evaluation, publication, merge."""

UNBOUNDED = timedelta(hours=3)
"""What a training without a time budget is expected to take."""


def run_preflight(
    ctx: Context, *, expected: timedelta | None = None, expire_at: datetime | None = None
) -> PreflightReport:
    """Ask everything that a run needs, of the cloud account too where an environment is chosen.

    Args:
        ctx: the workspace.
        expected: how long the run will take; by default its training's time budget and the overhead.
        expire_at: when the credentials end; by default the environment variables say.
    """
    report = preflight(root=ctx.layout.root, ports=ctx.ports)
    if ctx.environment is None:
        return report
    lines = aws_preflight(
        settings=ctx.environment.settings,
        account=ctx.environment.account,
        ledger=lambda: month_cost(ctx),
        clock=ctx.clock,
        expected=expected or expected_duration(ctx),
        expire_at=credentials_expire_at(expire_at, os.environ),
        without_instance=ctx.environment.without_instance,
        over_budget=os.environ.get(OVER_BUDGET_VARIABLE) or None,
    )
    return PreflightReport(lines=(*report.lines, *lines))


def expected_duration(ctx: Context) -> timedelta:
    """How long a run will take: the current one where there is one, else one by the settings here."""
    started = ctx.layout.record("request").is_file()
    overrides = ctx.request.options.train_overrides if started else None
    minutes = load_train_settings(ctx.layout.root, overrides).max_minutes
    return (timedelta(minutes=minutes) if minutes else UNBOUNDED) + OVERHEAD
