"""What the lease book holds: who uses the instance until when, who is stopping it, and what was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import AwareDatetime, NonNegativeFloat, StringConstraints, model_validator

from wms.core.records.base import Frozen, Record

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]

CLOCK_TOLERANCE = timedelta(minutes=2)
"""The most that the clocks of two machines may differ. What another machine wrote binds that much longer
than its expiry says; one's own ends at its expiry."""

SWITCH_LIMIT = timedelta(minutes=10)
"""A start or a stop is asked for within this time after the call, or not at all."""

HISTORY = 500
"""Ended leases and sessions that are kept: some months, in a book of less than 200 KiB."""


class Lease(Frozen):
    """One holder's right to a running instance, until `expires_at`.

    `running_since` is when its holder saw the instance running; before that the lease keeps the
    instance from being stopped, but nobody may count on it yet.
    """

    holder: Name
    purpose: Name
    acquired_at: AwareDatetime
    expires_at: AwareDatetime
    running_since: AwareDatetime | None = None

    def live(self, now: datetime) -> bool:
        """Whether its holder may still count it as held; at the very instant of expiry it may not."""
        return now < self.expires_at

    def binds(self, now: datetime) -> bool:
        """Whether everybody else must respect it: its holder's clock may be behind."""
        return now < self.expires_at + CLOCK_TOLERANCE

    def usable(self, now: datetime) -> bool:
        """Whether it is live and the instance was seen running under it."""
        return self.live(now) and self.running_since is not None


class Stopping(Frozen):
    """Somebody's claim to stop the instance, written before the switch is flipped.

    The owner flips the switch before the claim expires by its own clock, or not at all. Nobody takes a
    lease meanwhile. `on_instance` is a claim by the instance itself: once it is seen stopped, its owner
    is gone and so is the claim.
    """

    owner: Name
    claimed_at: AwareDatetime
    expires_at: AwareDatetime
    on_instance: bool = False

    def permits_stop(self, now: datetime) -> bool:
        """Whether its owner may still ask for the switch to be flipped."""
        return now + SWITCH_LIMIT < self.expires_at

    def binds(self, now: datetime) -> bool:
        """Whether everybody else must wait it out."""
        return now < self.expires_at + CLOCK_TOLERANCE


class EndedLease(Frozen):
    """A lease that is over. `instance_seconds` is for how long its holder had a running instance."""

    holder: Name
    purpose: Name
    started_at: AwareDatetime
    ended_at: AwareDatetime
    instance_seconds: NonNegativeFloat


class Session(Frozen):
    """A time during which the instance ran, as far as the book's writers saw it, and as which type."""

    started_at: AwareDatetime
    ended_at: AwareDatetime
    instance_type: str | None = None


class BudgetOverride(Frozen):
    """Who started the instance above the budget, and why."""

    holder: Name
    reason: Name
    at: AwareDatetime
    spent_usd: NonNegativeFloat


class LeaseBook(Record):
    """All leases, at most one a holder, and what became of earlier ones.

    Written by compare-and-swap, so no update is lost.
    """

    leases: tuple[Lease, ...] = ()
    stopping: Stopping | None = None
    running_since: AwareDatetime | None = None
    running_type: str | None = None
    history: tuple[EndedLease, ...] = ()
    sessions: tuple[Session, ...] = ()
    overrides: tuple[BudgetOverride, ...] = ()

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
