"""What the instance cost in a month and what for, and whether the budget allows more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import NonNegativeFloat, PositiveFloat, StringConstraints

from wms.domain.lease_book import BudgetOverride, LeaseBook
from wms.domain.records import Frozen, Record

Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]

NOBODY = "nobody (until it stopped)"
"""What running time is booked on that no lease covers: the watchdog's grace, a start by hand."""


class Prices(Frozen):
    """US dollars. What is fixed is paid whether the instance runs or not."""

    running_usd_per_hour: PositiveFloat
    fixed_usd_per_month: dict[str, NonNegativeFloat]


class CostLine(Frozen):
    """Running time that one purpose is charged with; holders at the same time share it equally."""

    purpose: str
    hours: NonNegativeFloat
    usd: NonNegativeFloat


class CostLedger(Record):
    """One month, in UTC."""

    month: Month
    hours: NonNegativeFloat
    lines: tuple[CostLine, ...]
    fixed_usd: dict[str, NonNegativeFloat]
    overrides: tuple[BudgetOverride, ...]

    @property
    def running_usd(self) -> float:
        """What the running instance cost."""
        return sum(line.usd for line in self.lines)

    @property
    def total_usd(self) -> float:
        """What the month has cost until now, with all of its fixed costs."""
        return self.running_usd + sum(self.fixed_usd.values())


class BudgetPolicy(Frozen):
    """How much a month may cost."""

    monthly_usd: PositiveFloat

    def left_usd(self, ledger: CostLedger) -> float:
        """What is left of the month's budget; below zero if it is overdrawn."""
        return self.monthly_usd - ledger.total_usd

    def refusal(self, ledger: CostLedger, *, ttl: timedelta, prices: Prices) -> str:
        """Why the instance must not be started for so long; empty if it may."""
        planned = ttl.total_seconds() / 3600 * prices.running_usd_per_hour
        if ledger.total_usd + planned <= self.monthly_usd:
            return ""
        return (
            f"{ledger.month} has cost ${ledger.total_usd:.2f} and this would add up to ${planned:.2f}: "
            f"above the budget of ${self.monthly_usd:.2f}"
        )


def month_of(now: datetime) -> str:
    """The month that a time lies in, in UTC."""
    return f"{now.astimezone(UTC):%Y-%m}"


def make_ledger(book: LeaseBook, *, month: str, prices: Prices, now: datetime) -> CostLedger:
    """Book the running time of a month on what it was for.

    Args:
        book: sessions say when the instance ran; leases, ended and current, what for.
        month: such as `2026-11`.
        prices: of an hour, and of the month.
        now: until when what goes on is counted.
    """
    begin = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    end = min(now, (begin + timedelta(days=32)).replace(day=1))
    sessions = [(item.started_at, item.ended_at) for item in book.sessions]
    if book.running_since is not None:
        sessions.append((book.running_since, now))
    leases = [(item.started_at, item.ended_at, item.purpose) for item in book.history]
    leases += [(item.acquired_at, min(item.expires_at, now), item.purpose) for item in book.leases]
    seconds: dict[str, float] = defaultdict(float)
    for started_at, ended_at in sessions:
        _share(max(started_at, begin), min(ended_at, end), leases, seconds)
    lines = tuple(
        CostLine(purpose=purpose, hours=spent / 3600, usd=spent / 3600 * prices.running_usd_per_hour)
        for purpose, spent in sorted(seconds.items())
    )
    return CostLedger(
        month=month,
        hours=sum(line.hours for line in lines),
        lines=lines,
        fixed_usd=prices.fixed_usd_per_month,
        overrides=tuple(item for item in book.overrides if month_of(item.at) == month),
    )


def _share(
    started_at: datetime,
    ended_at: datetime,
    leases: Iterable[tuple[datetime, datetime, str]],
    seconds: dict[str, float],
) -> None:
    """Cut a session wherever a lease begins or ends, and share each piece among its holders."""
    inside = [lease for lease in leases if lease[0] < ended_at and lease[1] > started_at]
    cuts = {started_at, ended_at, *(time for lease in inside for time in lease[:2])}
    times = sorted(time for time in cuts if started_at <= time <= ended_at)
    for begin, end in pairwise(times):
        held = [purpose for since, until, purpose in inside if since <= begin and until >= end] or [NOBODY]
        for purpose in held:
            seconds[purpose] += (end - begin).total_seconds() / len(held)
