"""What the instance cost in a month and what for, and whether the budget allows more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import NonNegativeFloat, PositiveFloat, StringConstraints

from wms.core.errors import Code, InputError
from wms.core.records.base import Frozen, Record
from wms.core.records.lease_book import BudgetOverride, LeaseBook, Session

Month = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]

NOBODY = "nobody (until it stopped)"
"""Stands for running time that no lease covers: the watchdog's grace, a start by hand."""


class Prices(Frozen):
    """US dollars. What is fixed is paid whether the instance runs or not.

    `usd_per_hour` is by instance type and includes the public address. `instance_type` is the one that
    runs next; it stands for every session whose type the book does not know.
    """

    usd_per_hour: dict[str, PositiveFloat]
    instance_type: str
    fixed_usd_per_month: dict[str, NonNegativeFloat]

    def hour(self, instance_type: str | None = None) -> float:
        """What an hour costs.

        Raises:
            InputError: that type has no price.
        """
        name = instance_type or self.instance_type
        if name not in self.usd_per_hour:
            raise InputError(
                f"terraform.tfvars: price_usd_per_hour has no price for {name}",
                Code.CONFIG,
                remedy="Write it there, from https://aws.amazon.com/ec2/pricing/on-demand/.",
            )
        return self.usd_per_hour[name]


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


def refusal(ledger: CostLedger, *, budget_usd: float, ttl: timedelta, prices: Prices) -> str:
    """Why the instance must not be started for so long in that month; empty if it may."""
    planned = ttl.total_seconds() / 3600 * prices.hour()
    if ledger.total_usd + planned <= budget_usd:
        return ""
    return (
        f"{ledger.month} has cost ${ledger.total_usd:.2f} and this would add up to ${planned:.2f}: "
        f"above the budget of ${budget_usd:.2f}"
    )


def month_of(now: datetime) -> str:
    """The month that a time lies in, in UTC."""
    return f"{now.astimezone(UTC):%Y-%m}"


def make_ledger(book: LeaseBook, *, month: str, prices: Prices, now: datetime) -> CostLedger:
    """Book the running time of a month on what it was for.

    Sessions say when the instance ran; leases, ended and current, what for. A current session counts until
    `now`. The month is written as `2026-11`.

    Raises:
        InputError: the instance ran in that month as a type that has no price.
    """
    begin = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    end = min(now, (begin + timedelta(days=32)).replace(day=1))
    sessions = list(book.sessions)
    if book.running_since is not None:
        going_on = Session(started_at=book.running_since, ended_at=now, instance_type=book.running_type)
        sessions.append(going_on)
    leases = [(item.started_at, item.ended_at, item.purpose) for item in book.history]
    leases += [(item.acquired_at, min(item.expires_at, now), item.purpose) for item in book.leases]
    hours: dict[str, float] = defaultdict(float)
    usd: dict[str, float] = defaultdict(float)
    for session in sessions:
        for purpose, share in _shares(max(session.started_at, begin), min(session.ended_at, end), leases):
            hours[purpose] += share
            usd[purpose] += share * prices.hour(session.instance_type)
    lines = tuple(
        CostLine(purpose=purpose, hours=spent, usd=usd[purpose]) for purpose, spent in sorted(hours.items())
    )
    return CostLedger(
        month=month,
        hours=sum(line.hours for line in lines),
        lines=lines,
        fixed_usd=prices.fixed_usd_per_month,
        overrides=tuple(item for item in book.overrides if month_of(item.at) == month),
    )


def _shares(
    started_at: datetime, ended_at: datetime, leases: Iterable[tuple[datetime, datetime, str]]
) -> Iterator[tuple[str, float]]:
    """Cut a session wherever a lease begins or ends, and share each piece among its holders, in hours."""
    inside = [lease for lease in leases if lease[0] < ended_at and lease[1] > started_at]
    cuts = {started_at, ended_at, *(time for lease in inside for time in lease[:2])}
    times = sorted(time for time in cuts if started_at <= time <= ended_at)
    for begin, end in pairwise(times):
        held = [purpose for since, until, purpose in inside if since <= begin and until >= end] or [NOBODY]
        for purpose in held:
            yield purpose, (end - begin).total_seconds() / 3600 / len(held)
