"""Stages that take, keep and give back the instance."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta

from wms.cloud.cost import month_cost, require_budget
from wms.cloud.degraded import consequence, unregistered_because
from wms.cloud.instance import InfraStatus, infra_down, infra_renew, infra_up
from wms.cloud.lease_keeper import LeaseKeeper
from wms.cloud.ledger import CostLedger
from wms.cloud.node import await_node
from wms.core.context import Context
from wms.core.errors import ConfigError
from wms.core.records.lease_book import Lease
from wms.core.settings.infra import OVER_BUDGET_VARIABLE

TRAINING_TTL = timedelta(hours=1)
"""How long a run's lease lasts without being renewed; a run that dies costs at most this much of the
instance."""

RENEWAL = timedelta(minutes=10)
"""How often a running training renews: several times in the life of a lease."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who wants the instance, for what, how long, and why even above the budget."""

    holder: str
    purpose: str
    ttl: timedelta
    over_budget: str | None = None


def run_claim(ctx: Context) -> Claim:
    """What the current run wants; `WMS_OVER_BUDGET` is why even above the budget."""
    return Claim(
        holder=ctx.request.run_id,
        purpose="training",
        ttl=TRAINING_TTL,
        over_budget=os.environ.get(OVER_BUDGET_VARIABLE) or None,
    )


def take_lease(ctx: Context, claim: Claim) -> Lease:
    """Take a lease, if the budget allows it, and see that the instance runs and all on it works.

    Raises:
        NodeError: what is on the instance does not work; the lease is kept for whoever looks into it.
    """
    environment = ctx.environment
    hosted = environment is not None and not environment.without_instance
    if environment is not None and hosted:
        require_budget(
            holder=claim.holder,
            ttl=claim.ttl,
            override=claim.over_budget,
            settings=environment.priced(),
            clock=ctx.clock,
            leases=ctx.ports.leases,
        )
    lease = infra_up(
        holder=claim.holder,
        purpose=claim.purpose,
        ttl=claim.ttl,
        clock=ctx.clock,
        leases=ctx.ports.leases,
        compute=ctx.ports.compute,
        instance_type=environment.node.instance_type if environment and hosted else lambda: None,
        say=ctx.progress.say,
    )
    if environment is not None and hosted:
        report = await_node(node=environment.node, clock=ctx.clock)
        runs = ", ".join(f"{name} {version[:12]}" for name, version in sorted(report.versions.items()))
        ctx.progress.say(f"the node is ready: MLflow answers ({runs or 'no versions told'})")
    reason = unregistered_because(ctx)
    if reason:
        ctx.progress.say(consequence(reason))
    return lease


def run_infra_up(ctx: Context) -> Lease:
    """Take this run's lease and see that the instance runs."""
    return take_lease(ctx, run_claim(ctx))


def run_infra_down(ctx: Context) -> InfraStatus:
    """Release this run's lease."""
    left = infra_down(
        holder=ctx.request.run_id,
        clock=ctx.clock,
        leases=ctx.ports.leases,
        compute=ctx.ports.compute,
        alone=True,
    )
    if left.remark:
        ctx.progress.say(left.remark)
    return left


def kept_lease(ctx: Context) -> LeaseKeeper:
    """This run's lease, renewed for as long as the block lasts, if the run has one."""
    holder = ctx.request.run_id

    def renew() -> Lease:
        return infra_renew(
            holder=holder,
            ttl=TRAINING_TTL,
            clock=ctx.clock,
            leases=ctx.ports.leases,
            compute=ctx.ports.compute,
        )

    return LeaseKeeper(
        held=lambda: ctx.ports.leases.load()[0].of(holder) is not None,
        renew=renew,
        every=RENEWAL,
        say=ctx.progress.say,
    )


def run_cost(ctx: Context, month: str | None) -> CostLedger:
    """What a month cost, this one by default.

    Raises:
        ConfigError: no environment is chosen: what is embedded costs nothing.
    """
    if ctx.environment is None:
        raise ConfigError(
            "no environment is chosen, and what is embedded costs nothing",
            remedy="Set WMS_ENVIRONMENT to the environment that is meant, such as dev.",
        )
    return month_cost(
        settings=ctx.environment.priced(), month=month, clock=ctx.clock, leases=ctx.ports.leases
    )
