"""Take a lease of the instance, and take, renew and release the one of the current run."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

from wms.cloud.cost import require_budget
from wms.cloud.lease_renewal import renewing
from wms.cloud.node import await_node
from wms.cloud.shared_instance import InfraStatus, SharedInstance
from wms.cloud.without_registry import consequence, unregistered_because
from wms.core.context import Context
from wms.core.errors import WmsError
from wms.core.records.lease_book import Lease
from wms.core.settings.infra import OVER_BUDGET_VARIABLE

TRAINING_TTL = timedelta(hours=1)
"""How long a run's lease lasts without being renewed; a run that dies costs at most this much of the
instance."""

RENEWAL = timedelta(minutes=10)
"""How often a running training renews: several times in the life of a lease."""


@dataclass(frozen=True, kw_only=True)
class LeaseRequest:
    """Who wants the instance, for what, how long, and why even above the budget."""

    holder: str
    purpose: str
    ttl: timedelta
    over_budget: str | None = None


def request_of_run(ctx: Context) -> LeaseRequest:
    """What the current run wants; `WMS_OVER_BUDGET` is why even above the budget."""
    return LeaseRequest(
        holder=ctx.request.run_id,
        purpose="training",
        ttl=TRAINING_TTL,
        over_budget=os.environ.get(OVER_BUDGET_VARIABLE) or None,
    )


def take_lease(ctx: Context, wanted: LeaseRequest) -> Lease:
    """Take a lease if the budget allows it, start the instance, and wait until all on it works.

    Raises:
        InputError: the budget does not allow it, and no reason was given.
        ComputeError: what is on the instance does not work; the lease is kept for whoever looks into it.
    """
    environment = ctx.environment
    hosted = None if environment is None or environment.without_instance else environment
    if hosted:
        require_budget(
            holder=wanted.holder,
            ttl=wanted.ttl,
            override=wanted.over_budget,
            settings=hosted.priced(),
            clock=ctx.clock,
            leases=ctx.ports.leases,
        )
    lease = SharedInstance.of(ctx).take(
        wanted.holder,
        purpose=wanted.purpose,
        ttl=wanted.ttl,
        instance_type=hosted.node.instance_type if hosted else lambda: None,
        say=ctx.progress.say,
    )
    if hosted:
        report = await_node(node=hosted.node, clock=ctx.clock)
        runs = ", ".join(f"{name} {version[:12]}" for name, version in sorted(report.versions.items()))
        ctx.progress.say(f"the node is ready: MLflow answers ({runs or 'versions unknown'})")
    reason = unregistered_because(ctx)
    if reason:
        ctx.progress.say(consequence(reason))
    return lease


def take_run_lease(ctx: Context) -> Lease:
    """Take this run's lease and see that the instance runs."""
    return take_lease(ctx, request_of_run(ctx))


def release_run_lease(ctx: Context) -> InfraStatus:
    """Release this run's lease."""
    left = SharedInstance.of(ctx).release(ctx.request.run_id, alone=True)
    if left.remark:
        ctx.progress.say(left.remark)
    return left


def renewed_run_lease(ctx: Context) -> AbstractContextManager[object]:
    """A block for whose time this run's lease is renewed, if the run has one."""
    holder = ctx.request.run_id
    try:
        if ctx.ports.leases.load()[0].of(holder) is None:
            return nullcontext()
    except WmsError as error:
        ctx.progress.say(f"the lease book cannot be read, so the lease is renewed once it can: {error}")
    instance = SharedInstance.of(ctx)
    return renewing(lambda: instance.renew(holder, ttl=TRAINING_TTL), every=RENEWAL, say=ctx.progress.say)
