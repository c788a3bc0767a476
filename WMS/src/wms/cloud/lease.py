"""The lease book's transitions. Pure: every function takes `now` and returns a new book.

Each can be applied twice without harm, because a write whose answer was lost is made again. Nothing
here knows who runs it: the same rules bind the workflow, a person, the reaper and the watchdog.

Stopping goes claim, switch, end of the claim; starting goes lease, switch, confirmation. A lease and a
claim exclude each other in the book, so whoever flips the switch does so while the other side waits.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from wms.core.errors import InstanceStoppingError, LeaseError, LeaseLostError
from wms.core.records.lease_book import (
    HISTORY,
    BudgetOverride,
    EndedLease,
    Lease,
    LeaseBook,
    Session,
    Stopping,
)

STOP_TTL = timedelta(minutes=15)
"""How long a claim to stop lasts."""

MAX_TTL = timedelta(hours=24)
"""The longest lease: a slip of the keyboard must not keep the instance for a month."""


def acquire(book: LeaseBook, *, holder: str, purpose: str, ttl: timedelta, now: datetime) -> LeaseBook:
    """Take a lease, or take the holder's own again: then only the expiry moves, and never back.

    A claim in the holder's own name was left by a process of its own that died; it is dropped.

    Raises:
        LeaseError: `ttl` is not positive, or above a day.
        InstanceStoppingError: somebody is stopping the instance; wait until that has ended.
    """
    if not timedelta(0) < ttl <= MAX_TTL:
        raise LeaseError(
            "a lease lasts for more than zero seconds and at most a day",
            remedy="Give --ttl, such as 2h or 30m. `wms infra up` again extends a lease.",
        )
    stopping = book.stopping
    if stopping is not None and stopping.owner != holder and stopping.binds(now):
        raise InstanceStoppingError(
            f"{stopping.owner} is stopping the instance, by {stopping.expires_at:%H:%M} UTC at the latest"
        )
    book = book.model_copy(update={"stopping": None})
    known = book.of(holder)
    if known is not None and known.live(now):
        return renew(book, holder=holder, ttl=ttl, now=now)
    lease = Lease(holder=holder, purpose=purpose, acquired_at=now, expires_at=now + ttl)
    return _with_lease(release(book, holder=holder, now=now), lease)


def confirm_running(
    book: LeaseBook,
    *,
    holder: str,
    now: datetime,
    stopped_at: datetime | None = None,
    instance_type: str | None = None,
) -> LeaseBook:
    """Note that the holder saw the instance running, which makes its lease usable.

    `stopped_at` is when the holder saw it stopped and started it, if it did: a session that the book began
    before then ended unseen. `instance_type` is the type it runs as, if known; it cannot change before the
    next stop.

    Raises:
        LeaseLostError: the lease expired while the instance was starting.
    """
    lease = _live_lease(book, holder, now)
    if stopped_at is not None and book.running_since is not None and book.running_since < stopped_at:
        signs = [item.ended_at for item in book.history if item.ended_at < stopped_at]
        book = _end_session(book, ended_at=max([book.running_since, *signs]))
    if lease.running_since is None:
        book = _with_lease(book, lease.model_copy(update={"running_since": now}))
    if book.running_since is not None:
        return book
    return book.model_copy(update={"running_since": now, "running_type": instance_type})


def renew(book: LeaseBook, *, holder: str, ttl: timedelta, now: datetime) -> LeaseBook:
    """Extend a live lease; never shortens it.

    Raises:
        LeaseLostError: the holder has no live lease: the instance may be stopped at any moment.
    """
    lease = _live_lease(book, holder, now)
    return _with_lease(book, lease.model_copy(update={"expires_at": max(lease.expires_at, now + ttl)}))


def release(book: LeaseBook, *, holder: str, now: datetime) -> LeaseBook:
    """Give the holder's lease back; releasing what is not held changes nothing."""
    lease = book.of(holder)
    return book if lease is None else _end_leases(book, (lease,), now)


def expire(book: LeaseBook, *, now: datetime) -> LeaseBook:
    """Move the leases that bind nobody any more into the history."""
    return _end_leases(book, tuple(lease for lease in book.leases if not lease.binds(now)), now)


def claim_stop(book: LeaseBook, *, owner: str, now: datetime) -> LeaseBook:
    """Claim to stop the instance; without the claim in the returned book it must not be stopped.

    Where a lease binds or another's claim does, the book has no claim of `owner`'s.
    """
    book = expire(book, now=now)
    stopping = book.stopping
    if book.leases or (stopping is not None and stopping.owner != owner and stopping.binds(now)):
        return book
    claim = Stopping(owner=owner, claimed_at=now, expires_at=now + STOP_TTL)
    return book.model_copy(update={"stopping": claim})


def end_stop(book: LeaseBook, *, owner: str, now: datetime) -> LeaseBook:
    """Note that the instance is stopped, by the owner of the claim; others' claims stay."""
    if book.stopping is None or book.stopping.owner != owner:
        return book
    return _end_session(book, ended_at=now).model_copy(update={"stopping": None})


def seen_stopped(book: LeaseBook, claim: Stopping) -> LeaseBook:
    """End a claim of the instance's own, by somebody who read it and then saw the instance stopped.

    Its owner ran there and cannot act any more. Another claim than the one that was read stays.
    """
    if book.stopping != claim or not claim.on_instance:
        return book
    return end_stop(book, owner=claim.owner, now=claim.claimed_at)


def note_override(book: LeaseBook, override: BudgetOverride) -> LeaseBook:
    """Keep why the instance was started above the budget."""
    return book.model_copy(update={"overrides": (*book.overrides, override)[-HISTORY:]})


def _live_lease(book: LeaseBook, holder: str, now: datetime) -> Lease:
    lease = book.of(holder)
    if lease is None or not lease.live(now):
        raise LeaseLostError(f"{holder} has no live lease", remedy="Take a new one with `wms infra up`.")
    return lease


def _with_lease(book: LeaseBook, lease: Lease) -> LeaseBook:
    others = [other for other in book.leases if other.holder != lease.holder]
    leases = tuple(sorted([*others, lease], key=lambda item: item.holder))
    return book.model_copy(update={"leases": leases})


def _end_leases(book: LeaseBook, ended: tuple[Lease, ...], now: datetime) -> LeaseBook:
    if not ended:
        return book
    history = (*book.history, *(_ended(lease, now) for lease in ended))[-HISTORY:]
    leases = tuple(lease for lease in book.leases if lease not in ended)
    return book.model_copy(update={"leases": leases, "history": history})


def _ended(lease: Lease, now: datetime) -> EndedLease:
    ended_at = max(lease.acquired_at, min(now, lease.expires_at))
    running = (ended_at - lease.running_since).total_seconds() if lease.running_since else 0.0
    return EndedLease(
        holder=lease.holder,
        purpose=lease.purpose,
        started_at=lease.acquired_at,
        ended_at=ended_at,
        instance_seconds=max(0.0, running),
    )


def _end_session(book: LeaseBook, *, ended_at: datetime) -> LeaseBook:
    if book.running_since is None:
        return book
    session = Session(
        started_at=book.running_since,
        ended_at=max(book.running_since, ended_at),
        instance_type=book.running_type,
    )
    sessions = (*book.sessions, session)[-HISTORY:]
    return book.model_copy(update={"running_since": None, "running_type": None, "sessions": sessions})
