"""Stages that take and give back the instance."""

from __future__ import annotations

from datetime import timedelta

from wms.domain.lease import Lease
from wms.pipeline.context import Context
from wms.steps.infra import InfraStatus, infra_down, infra_up

TRAINING_TTL = timedelta(hours=3)
"""How long a run's lease lasts; a run that dies costs at most this much of the instance."""


def run_infra_up(ctx: Context) -> Lease:
    """Take this run's lease and see that the instance runs."""
    return infra_up(
        holder=ctx.request.run_id,
        purpose="training",
        ttl=TRAINING_TTL,
        now=ctx.clock(),
        leases=ctx.ports.leases,
        compute=ctx.ports.compute,
    )


def run_infra_down(ctx: Context) -> InfraStatus:
    """Release this run's lease."""
    return infra_down(
        holder=ctx.request.run_id, now=ctx.clock(), leases=ctx.ports.leases, compute=ctx.ports.compute
    )
