"""Stages that take and give back the instance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from wms.domain.lease import Lease
from wms.pipeline.context import Context
from wms.steps.infra import InfraStatus, infra_down, infra_up

TRAINING_TTL = timedelta(hours=3)
"""How long a run's lease lasts; a run that dies costs at most this much of the instance."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who wants the instance, for what, and how long."""

    holder: str
    purpose: str
    ttl: timedelta


def run_claim(ctx: Context) -> Claim:
    """What the current run wants."""
    return Claim(holder=ctx.request.run_id, purpose="training", ttl=TRAINING_TTL)


def take_lease(ctx: Context, claim: Claim) -> Lease:
    """Take a lease and see that the instance runs."""
    return infra_up(
        holder=claim.holder,
        purpose=claim.purpose,
        ttl=claim.ttl,
        now=ctx.clock(),
        leases=ctx.ports.leases,
        compute=ctx.ports.compute,
    )


def run_infra_up(ctx: Context) -> Lease:
    """Take this run's lease and see that the instance runs."""
    return take_lease(ctx, run_claim(ctx))


def run_infra_down(ctx: Context) -> InfraStatus:
    """Release this run's lease."""
    return infra_down(
        holder=ctx.request.run_id, now=ctx.clock(), leases=ctx.ports.leases, compute=ctx.ports.compute
    )
