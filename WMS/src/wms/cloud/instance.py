"""Take, renew, release and reap leases, and start or stop the instance accordingly."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from wms.cloud.lease import (
    acquire,
    claim_stop,
    confirm_running,
    end_stop,
    expire,
    release,
    renew,
    seen_stopped,
)
from wms.cloud.lease_swap import swap
from wms.core.errors import ComputeError, InstanceStoppingError, LeaseLostError
from wms.core.ports import Compute, InstanceState, LeaseStore
from wms.core.records.base import Record
from wms.core.records.lease_book import Lease, LeaseBook, Stopping

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

STOPPING_WAIT = timedelta(minutes=20)
"""How long a start waits for a stop to end: longer than a claim whose owner died can bind."""

POLL_SECONDS = 5.0


class InfraStatus(Record):
    """The instance, who holds it now, and who is stopping it.

    `remark` says what was odd about a stop that this command made; empty where it went as planned.
    """

    instance: InstanceState
    leases: tuple[Lease, ...]
    stopping: Stopping | None = None
    remark: str = ""


def infra_up(
    *,
    holder: str,
    purpose: str,
    ttl: timedelta,
    clock: Clock,
    leases: LeaseStore,
    compute: Compute,
    instance_type: Callable[[], str | None] = lambda: None,
    say: Callable[[str], None] = logger.warning,
    sleep: Callable[[float], None] = time.sleep,
) -> Lease:
    """Take a lease, start the instance if it is not running, and note that it runs.

    The lease comes first, so nobody who reads the book stops what is about to be used; while somebody
    is stopping the instance, it is waited until that has ended.

    Args:
        holder: who wants it.
        purpose: what for.
        ttl: for how long.
        clock: the time.
        leases: the book.
        compute: the instance.
        instance_type: says what it runs as, for the cost; asked once it runs.
        say: is told what was odd about the start.
        sleep: waits.

    Raises:
        InstanceStoppingError: the instance is still being stopped after a long wait.
        ComputeError: it was started and does not run.
        LeaseLostError: the lease expired while the instance was starting.
    """
    _acquire(holder, purpose, ttl, clock, leases, compute, sleep)
    stopped_at: datetime | None = None
    looked_at = clock()
    if compute.state() != "running":
        stopped_at = looked_at
        if remark := compute.up().remark:
            say(remark)
        state = compute.state()
        if state != "running":
            raise ComputeError(f"the instance was started and is {state}")
    runs_as = instance_type()
    book = swap(
        leases,
        lambda book: confirm_running(
            book, holder=holder, now=clock(), stopped_at=stopped_at, instance_type=runs_as
        ),
    )
    return _lease_of(book, holder)


def infra_renew(*, holder: str, ttl: timedelta, clock: Clock, leases: LeaseStore, compute: Compute) -> Lease:
    """Extend a lease under which something runs.

    Raises:
        LeaseLostError: the lease is over, or the instance does not run: a watchdog that could not
            read the book goes by the expiry that it read last.
    """
    state = compute.state()
    if state != "running":
        raise LeaseLostError(f"{holder} holds a lease, but the instance is {state}")
    return _lease_of(swap(leases, lambda book: renew(book, holder=holder, ttl=ttl, now=clock())), holder)


def infra_down(
    *, holder: str, clock: Clock, leases: LeaseStore, compute: Compute, alone: bool = False
) -> InfraStatus:
    """Release the holder's lease and stop the instance when no lease is left.

    Args:
        holder: whose lease.
        clock: the time.
        leases: the book.
        compute: the instance.
        alone: nobody else acts in this holder's name at the same time, as with a run, which is locked:
            then a stop that its killed process had begun is taken up.
    """
    swap(leases, lambda book: release(book, holder=holder, now=clock()))
    owner = holder if alone else f"{holder}#{secrets.token_hex(4)}"
    return _stop_if_free(owner, clock, leases, compute)


def infra_reap(*, clock: Clock, leases: LeaseStore, compute: Compute) -> InfraStatus:
    """Drop expired leases and stop the instance when no lease is left."""
    swap(leases, lambda book: expire(book, now=clock()))
    return _stop_if_free(f"reaper#{secrets.token_hex(4)}", clock, leases, compute)


def infra_status(*, clock: Clock, leases: LeaseStore, compute: Compute) -> InfraStatus:
    """What runs, who holds it, who is stopping it; nothing is changed."""
    return _status(leases.load()[0], clock(), compute)


def _acquire(
    holder: str,
    purpose: str,
    ttl: timedelta,
    clock: Clock,
    leases: LeaseStore,
    compute: Compute,
    sleep: Callable[[float], None],
) -> None:
    give_up_at = clock() + STOPPING_WAIT
    while True:
        _end_stop_of_a_stopped_instance(leases, compute)
        try:
            swap(leases, lambda book: acquire(book, holder=holder, purpose=purpose, ttl=ttl, now=clock()))
        except InstanceStoppingError as error:
            if clock() >= give_up_at:
                raise
            logger.info("waiting: %s", error)
            sleep(POLL_SECONDS)
        else:
            return


def _end_stop_of_a_stopped_instance(leases: LeaseStore, compute: Compute) -> None:
    """The instance cannot end its own claim: it is off. The claim is read first, then the state."""
    claim = leases.load()[0].stopping
    if claim is not None and claim.on_instance and compute.state() in ("stopped", "absent"):
        swap(leases, lambda book: seen_stopped(book, claim))


def _stop_if_free(owner: str, clock: Clock, leases: LeaseStore, compute: Compute) -> InfraStatus:
    if compute.state() not in ("running", "pending"):
        return _status(swap(leases, lambda book: end_stop(book, owner=owner, now=clock())), clock(), compute)
    book = swap(leases, lambda book: claim_stop(book, owner=owner, now=clock()))
    claim, remark = book.stopping, ""
    if claim is not None and claim.owner == owner and claim.permits_stop(clock()):
        remark = compute.down().remark
        book = swap(leases, lambda book: end_stop(book, owner=owner, now=clock()))
    return _status(book, clock(), compute, remark=remark)


def _status(book: LeaseBook, now: datetime, compute: Compute, *, remark: str = "") -> InfraStatus:
    binding = book.stopping if book.stopping is not None and book.stopping.binds(now) else None
    return InfraStatus(instance=compute.state(), leases=book.live(now), stopping=binding, remark=remark)


def _lease_of(book: LeaseBook, holder: str) -> Lease:
    return next(lease for lease in book.leases if lease.holder == holder)
