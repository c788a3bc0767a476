from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from wms.cloud.lease import acquire, expire, release, renew
from wms.core.errors import LeaseError
from wms.core.records.lease_book import CLOCK_TOLERANCE, LeaseBook

NOW = datetime(2026, 11, 23, 8, 45, tzinfo=UTC)
HOUR = timedelta(hours=1)
minutes = st.integers(min_value=1, max_value=500).map(lambda count: timedelta(minutes=count))


def held(*holders: str, ttl: timedelta = HOUR) -> LeaseBook:
    book = LeaseBook()
    for holder in holders:
        book = acquire(book, holder=holder, purpose="training", ttl=ttl, now=NOW)
    return book


def live_holders(book: LeaseBook, now: datetime) -> list[str]:
    return [lease.holder for lease in book.live(now)]


def test_an_acquired_lease_is_live_until_just_before_it_expires() -> None:
    book = held("run-1")
    assert live_holders(book, NOW + HOUR - timedelta(microseconds=1)) == ["run-1"]
    assert live_holders(book, NOW + HOUR) == []


def test_a_released_lease_is_not_live_and_the_others_stay() -> None:
    assert live_holders(release(held("run-1", "run-2"), holder="run-1", now=NOW), NOW) == ["run-2"]


def test_releasing_what_is_not_held_changes_nothing() -> None:
    book = held("run-1")
    assert release(book, holder="run-2", now=NOW) == book


def test_expiring_drops_only_the_leases_that_bind_nobody() -> None:
    book = acquire(held("short"), holder="long", purpose="browsing", ttl=2 * HOUR, now=NOW)
    just_before = NOW + HOUR + CLOCK_TOLERANCE - timedelta(microseconds=1)
    assert expire(book, now=just_before) == book
    assert [lease.holder for lease in expire(book, now=NOW + HOUR + CLOCK_TOLERANCE).leases] == ["long"]


@given(first=minutes, again=minutes, after=st.integers(min_value=0, max_value=499))
def test_renewing_never_shortens_a_lease(first: timedelta, again: timedelta, after: int) -> None:
    now = NOW + min(timedelta(minutes=after), first - timedelta(seconds=1))
    before = held("run-1", ttl=first).of("run-1")
    renewed = renew(held("run-1", ttl=first), holder="run-1", ttl=again, now=now).of("run-1")
    assert before is not None
    assert renewed is not None
    assert renewed.expires_at == max(before.expires_at, now + again)
    assert renewed.acquired_at == before.acquired_at


@pytest.mark.parametrize("holder", ["run-1", "run-2"], ids=["expired", "never-held"])
def test_a_lease_that_is_not_live_cannot_be_renewed(holder: str) -> None:
    with pytest.raises(LeaseError, match=f"{holder} has no live lease"):
        renew(held("run-1"), holder=holder, ttl=HOUR, now=NOW + HOUR)


def test_acquiring_again_keeps_one_lease_with_its_first_start() -> None:
    later = NOW + HOUR / 2
    book = acquire(held("run-1"), holder="run-1", purpose="training", ttl=HOUR, now=later)
    (lease,) = book.leases
    assert (lease.acquired_at, lease.expires_at) == (NOW, later + HOUR)


def test_acquiring_after_expiry_starts_anew() -> None:
    later = NOW + 2 * HOUR
    book = acquire(held("run-1"), holder="run-1", purpose="training", ttl=HOUR, now=later)
    (lease,) = book.leases
    assert lease.acquired_at == later


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(seconds=-1), timedelta(hours=25)])
def test_a_lease_without_a_sensible_time_to_live_is_an_error(ttl: timedelta) -> None:
    with pytest.raises(LeaseError, match="at most a day"):
        acquire(LeaseBook(), holder="run-1", purpose="training", ttl=ttl, now=NOW)


def test_the_order_of_acquiring_does_not_show_in_the_book() -> None:
    assert held("b", "a").digest == held("a", "b").digest


def test_a_lease_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        acquire(LeaseBook(), holder="run-1", purpose="training", ttl=HOUR, now=NOW.replace(tzinfo=None))
