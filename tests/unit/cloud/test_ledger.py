"""The month's cost: when the instance ran, and for whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wms.cloud.ledger import NOBODY, Prices, make_ledger, refusal
from wms.core.errors import InputError
from wms.core.records.lease_book import EndedLease, Lease, LeaseBook, Session

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRICES = Prices(
    usd_per_hour={"t3.large": 0.5, "m5.large": 0.75},
    instance_type="t3.large",
    fixed_usd_per_month={"disks": 4.0},
)


def ended(purpose: str, start: float, end: float) -> EndedLease:
    return EndedLease(
        holder=purpose,
        purpose=purpose,
        started_at=NOW + start * HOUR,
        ended_at=NOW + end * HOUR,
        instance_seconds=0,
    )


def session(start: float, end: float) -> Session:
    return Session(started_at=NOW + start * HOUR, ended_at=NOW + end * HOUR)


def hours(book: LeaseBook, *, month: str = "2026-11") -> dict[str, float]:
    ledger = make_ledger(book, month=month, prices=PRICES, now=NOW)
    assert ledger.running_usd == pytest.approx(ledger.hours * 0.5)
    return {line.purpose: pytest.approx(line.hours) for line in ledger.lines}


LEASE = Lease(holder="ann", purpose="browse", acquired_at=NOW - HOUR, expires_at=NOW + HOUR)


@pytest.mark.parametrize(
    ("book", "booked"),
    [
        (
            LeaseBook(sessions=(session(-5, -2),), history=(ended("training", -5, -3),)),
            {"training": 2.0, NOBODY: 1.0},
        ),
        (
            LeaseBook(
                sessions=(session(-4, -2),), history=(ended("training", -4, -2), ended("browse", -3, -2))
            ),
            {"training": 1.5, "browse": 0.5},
        ),
        (LeaseBook(leases=(LEASE,), running_since=NOW - 2 * HOUR), {"browse": 1.0, NOBODY: 1.0}),
        (LeaseBook(history=(ended("training", -5, -3),)), {}),
    ],
    ids=[
        "the rest is nobody's",
        "holders at the same time share",
        "a current lease counts until now",
        "an instance that did not run costs nothing",
    ],
)
def test_running_time_is_booked_on_what_it_was_for(book: LeaseBook, booked: dict[str, float]) -> None:
    assert hours(book) == booked


def test_a_session_over_the_turn_of_the_month_is_cut_there() -> None:
    over = Session(started_at=BEGIN - 3 * HOUR, ended_at=BEGIN + HOUR)
    assert hours(LeaseBook(sessions=(over,))) == {NOBODY: 1.0}
    assert hours(LeaseBook(sessions=(over,)), month="2026-10") == {NOBODY: 3.0}
    assert hours(LeaseBook(sessions=(over,)), month="2026-09") == {}


def test_each_hour_has_the_price_of_the_type_that_ran_then() -> None:
    dear = session(-9, -7).model_copy(update={"instance_type": "m5.large"})
    book = LeaseBook(
        sessions=(dear, session(-5, -4)),
        history=(ended("training", -9, -4),),
        running_since=NOW - HOUR,
        running_type="m5.large",
    )
    ledger = make_ledger(book, month="2026-11", prices=PRICES, now=NOW)
    assert {line.purpose: line.usd for line in ledger.lines} == {
        "training": pytest.approx(2 * 0.75 + 0.5),
        NOBODY: pytest.approx(0.75),
    }


def test_a_type_without_a_price_is_an_error_in_the_months_that_it_ran_in() -> None:
    odd = Session(started_at=BEGIN - 3 * HOUR, ended_at=BEGIN - HOUR, instance_type="x1.large")
    book = LeaseBook(sessions=(odd,))
    november = make_ledger(book, month="2026-11", prices=PRICES, now=NOW)
    assert (november.running_usd, november.total_usd) == (0.0, 4.0), "fixed costs are paid whatever runs"
    with pytest.raises(InputError, match=r"no price for x1\.large"):
        make_ledger(book, month="2026-10", prices=PRICES, now=NOW)


@given(spans=st.lists(st.tuples(st.sampled_from("abc"), st.floats(-100, -1), st.floats(0.1, 50)), max_size=6))
def test_no_hour_is_lost_or_booked_twice(spans: list[tuple[str, float, float]]) -> None:
    leases = tuple(ended(name, start, start + length) for name, start, length in spans)
    book = LeaseBook(sessions=(session(-80, -50), session(-20, -1)), history=leases)
    assert make_ledger(book, month="2026-11", prices=PRICES, now=NOW).hours == pytest.approx(49.0)


@pytest.mark.parametrize(("budget", "refused"), [(7.01, False), (6.99, True)])
def test_the_budget_counts_what_is_spent_and_what_the_lease_would_cost(budget: float, refused: bool) -> None:
    ledger = make_ledger(LeaseBook(sessions=(session(-5, -1),)), month="2026-11", prices=PRICES, now=NOW)
    reason = refusal(ledger, budget_usd=budget, ttl=2 * HOUR, prices=PRICES)
    assert bool(reason) == refused
    if refused:
        assert reason == ("2026-11 has cost $6.00 and this would add up to $1.00: above the budget of $6.99")
