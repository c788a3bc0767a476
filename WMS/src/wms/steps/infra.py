"""Take, release and reap leases, and start or stop the instance accordingly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from wms.domain.errors import LeaseConflictError
from wms.domain.lease import Lease, LeaseBook, acquire, expire, release
from wms.domain.records import Record
from wms.ports import Compute, InstanceState, LeaseStore

ATTEMPTS = 20
"""How often a compare-and-swap is tried; each loss means that another holder won."""


class InfraStatus(Record):
    """The instance and who holds it now."""

    instance: InstanceState
    leases: tuple[Lease, ...]


def infra_up(
    *, holder: str, purpose: str, ttl: timedelta, now: datetime, leases: LeaseStore, compute: Compute
) -> Lease:
    """Take a lease, then start the instance if it is not running.

    The lease comes first, so nobody who reads the book stops what is about to be used.
    """
    book = _swap(leases, lambda book: acquire(book, holder=holder, purpose=purpose, ttl=ttl, now=now))
    if compute.state() != "running":
        compute.up()
    return next(lease for lease in book.leases if lease.holder == holder)


def infra_down(*, holder: str, now: datetime, leases: LeaseStore, compute: Compute) -> InfraStatus:
    """Release the holder's lease and stop the instance when no live lease is left."""
    book = _swap(leases, lambda book: release(book, holder=holder))
    return _stop_if_free(book, now, compute)


def infra_reap(*, now: datetime, leases: LeaseStore, compute: Compute) -> InfraStatus:
    """Drop expired leases and stop the instance when no live lease is left."""
    book = _swap(leases, lambda book: expire(book, now=now))
    return _stop_if_free(book, now, compute)


def infra_status(*, now: datetime, leases: LeaseStore, compute: Compute) -> InfraStatus:
    """What runs, and who holds it; nothing is changed."""
    book, _ = leases.load()
    return InfraStatus(instance=compute.state(), leases=book.live(now))


def _stop_if_free(book: LeaseBook, now: datetime, compute: Compute) -> InfraStatus:
    live = book.live(now)
    if not live and compute.state() in ("running", "pending"):
        compute.down()
    return InfraStatus(instance=compute.state(), leases=live)


def _swap(leases: LeaseStore, change: Callable[[LeaseBook], LeaseBook]) -> LeaseBook:
    """Apply a change to the book by compare-and-swap; an unchanged book is not written."""
    for _ in range(ATTEMPTS):
        book, tag = leases.load()
        changed = change(book)
        if changed == book:
            return book
        try:
            leases.swap(changed, expect=tag)
        except LeaseConflictError:
            continue
        return changed
    raise LeaseConflictError(f"the lease book changed {ATTEMPTS} times while writing it")
