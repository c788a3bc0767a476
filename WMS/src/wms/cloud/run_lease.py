"""Take a lease of the instance, and take, renew and release the one of the current run."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from wms.cloud.cost import require_budget
from wms.cloud.dump import REMEDY, missing_dump
from wms.cloud.node import await_node
from wms.cloud.shared_instance import InfraStatus, SharedInstance
from wms.cloud.without_registry import consequence, unregistered_because
from wms.core.context import Context, Environment
from wms.core.errors import LeaseLostError, WmsError
from wms.core.records.lease_book import Lease
from wms.core.settings.infra import OVER_BUDGET_VARIABLE

logger = logging.getLogger(__name__)

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
            ctx.ports.leases,
            holder=wanted.holder,
            ttl=wanted.ttl,
            override=wanted.over_budget,
            settings=hosted.priced(),
            now=ctx.clock(),
        )
    earlier = _earlier_boot(ctx, hosted) if hosted else None
    lease = SharedInstance.of(ctx).take(
        wanted.holder,
        purpose=wanted.purpose,
        ttl=wanted.ttl,
        instance_type=hosted.node.instance_type if hosted else lambda: None,
        say=ctx.progress.say,
    )
    if hosted:
        report = await_node(node=hosted.node, clock=ctx.clock, earlier=earlier, say=ctx.progress.say)
        runs = ", ".join(f"{name} {version[:12]}" for name, version in sorted(report.versions.items()))
        ctx.progress.say(f"the node is ready: MLflow answers ({runs or 'versions unknown'})")
        if late := missing_dump(ctx.ports.leases.load()[0], report):
            ctx.progress.warn(f"{late}. {REMEDY}")
    reason = unregistered_because(ctx)
    if reason:
        ctx.progress.say(consequence(reason))
    return lease


def _earlier_boot(ctx: Context, hosted: Environment) -> str | None:
    """Which boot the node's report is of, if it is off: whatever it says, it is of an earlier boot."""
    report = hosted.node.report()
    if report is None or ctx.ports.compute.state() == "running":
        return None
    return report.boot_id


def take_run_lease(ctx: Context) -> Lease:
    """Take this run's lease and see that the instance runs."""
    return take_lease(ctx, request_of_run(ctx))


def release_run_lease(ctx: Context) -> InfraStatus:
    """Release this run's lease."""
    left = SharedInstance.of(ctx).release(ctx.request.run_id, alone=True)
    if left.remark:
        ctx.progress.say(left.remark)
    return left


def renewed_run_lease(ctx: Context) -> contextlib.AbstractContextManager[object]:
    """A block for whose time this run's lease is renewed, if the run has one."""
    holder = ctx.request.run_id
    try:
        if ctx.ports.leases.load()[0].of(holder) is None:
            return contextlib.nullcontext()
    except WmsError as error:
        ctx.progress.say(f"the lease book cannot be read, so the lease is renewed once it can: {error}")
    instance = SharedInstance.of(ctx)
    return renewing(lambda: instance.renew(holder, ttl=TRAINING_TTL), every=RENEWAL, say=ctx.progress.say)


@contextlib.contextmanager
def renewing(
    renew: Callable[[], Lease], *, every: timedelta, say: Callable[[str], None]
) -> Iterator[threading.Thread]:
    """Within, a lease is renewed in a thread of its own, which is yielded.

    The work in the block is never disturbed: the loss of the lease is said once, and a training continues,
    because its metrics and its model are on this disk. A renewal that fails otherwise is tried again.
    """
    over = threading.Event()

    def keep() -> None:
        while not over.wait(every.total_seconds()):
            try:
                lease = renew()
            except LeaseLostError as error:
                say(f"the lease is lost: {error}. The instance may be stopped; the work here continues.")
                return
            except WmsError as error:
                logger.warning("the lease was not renewed; the next try follows: %s", error)
            else:
                logger.info("the lease of %s holds until %s", lease.holder, lease.expires_at)

    thread = threading.Thread(target=keep, name="lease renewal", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        over.set()
        thread.join()
