"""Who uses the instance, until when. Pure: every function takes `now` and returns a new book."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AwareDatetime, StringConstraints, model_validator

from wms.domain.errors import LeaseError
from wms.domain.records import Frozen, Record

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Lease(Frozen):
    """One holder's right to a running instance, until `expires_at`."""

    holder: Name
    purpose: Name
    acquired_at: AwareDatetime
    expires_at: AwareDatetime

    def live(self, now: datetime) -> bool:
        """Whether the lease still holds at `now`; at the very instant of expiry it does not."""
        return now < self.expires_at


class LeaseBook(Record):
    """All leases; at most one a holder. Written by compare-and-swap, so no update is lost."""

    leases: tuple[Lease, ...] = ()

    @model_validator(mode="after")
    def _one_a_holder(self) -> Self:
        holders = [lease.holder for lease in self.leases]
        if len(set(holders)) != len(holders):
            raise ValueError("a holder has two leases")
        return self

    def live(self, now: datetime) -> tuple[Lease, ...]:
        """The leases that hold at `now`, by holder."""
        return tuple(lease for lease in self.leases if lease.live(now))

    def of(self, holder: str) -> Lease | None:
        """The holder's lease, live or not."""
        return next((lease for lease in self.leases if lease.holder == holder), None)

    def _with(self, lease: Lease) -> LeaseBook:
        others = [other for other in self.leases if other.holder != lease.holder]
        return LeaseBook(leases=tuple(sorted([*others, lease], key=lambda item: item.holder)))


def acquire(book: LeaseBook, *, holder: str, purpose: str, ttl: timedelta, now: datetime) -> LeaseBook:
    """Take a lease, or take the holder's own again: then only the expiry moves, and never back.

    Raises:
        LeaseError: `ttl` is not positive.
    """
    if ttl <= timedelta(0):
        raise LeaseError("a lease needs a time to live above zero", remedy="Give --ttl, such as 2h or 30m.")
    known = book.of(holder)
    if known is not None and known.live(now):
        return renew(book, holder=holder, ttl=ttl, now=now)
    return book._with(Lease(holder=holder, purpose=purpose, acquired_at=now, expires_at=now + ttl))


def renew(book: LeaseBook, *, holder: str, ttl: timedelta, now: datetime) -> LeaseBook:
    """Extend a live lease; never shortens it.

    Raises:
        LeaseError: the holder has no live lease: the instance may be stopped at any moment.
    """
    lease = book.of(holder)
    if lease is None or not lease.live(now):
        raise LeaseError(f"{holder} has no live lease to renew", remedy="Take a new one with `wms infra up`.")
    expires_at = max(lease.expires_at, now + ttl)
    return book._with(lease.model_copy(update={"expires_at": expires_at}))


def release(book: LeaseBook, *, holder: str) -> LeaseBook:
    """Give the holder's lease back; releasing what is not held changes nothing."""
    return LeaseBook(leases=tuple(lease for lease in book.leases if lease.holder != holder))


def expire(book: LeaseBook, *, now: datetime) -> LeaseBook:
    """Drop the leases whose time is over."""
    return LeaseBook(leases=book.live(now))
