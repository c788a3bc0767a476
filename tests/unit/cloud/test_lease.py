"""The book's transitions: leases, and stopping, which excludes leases as they exclude it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wms.cloud.lease import (
    STOP_TTL,
    acquire,
    claim_stop,
    confirm_running,
    end_stop,
    expire,
    release,
    renew,
    seen_stopped,
)
from wms.core.errors import InstanceStoppingError, LeaseError, LeaseLostError
from wms.core.records.lease_book import CLOCK_TOLERANCE, HISTORY, SWITCH_LIMIT, LeaseBook, Stopping

NOW = datetime(2026, 11, 23, 8, 45, tzinfo=UTC)
HOUR = timedelta(hours=1)
minutes = st.integers(min_value=1, max_value=500).map(lambda count: timedelta(minutes=count))


def taken(book: LeaseBook, holder: str = "run", *, at: datetime = NOW, ttl: timedelta = HOUR) -> LeaseBook:
    return acquire(book, holder=holder, purpose="training", ttl=ttl, now=at)


def held(*holders: str, ttl: timedelta = HOUR) -> LeaseBook:
    book = LeaseBook()
    for holder in holders:
        book = taken(book, holder, ttl=ttl)
    return book


def claimed(owner: str = "stopper") -> LeaseBook:
    return claim_stop(LeaseBook(), owner=owner, now=NOW)


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
    book = taken(held("short"), "long", ttl=2 * HOUR)
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


@pytest.mark.parametrize(
    ("later", "acquired_at"),
    [(NOW + HOUR / 2, NOW), (NOW + 2 * HOUR, NOW + 2 * HOUR)],
    ids=["live", "expired"],
)
def test_acquiring_again_keeps_the_first_start_of_a_live_lease(
    later: datetime, acquired_at: datetime
) -> None:
    (lease,) = taken(held("run-1"), "run-1", at=later).leases
    assert (lease.acquired_at, lease.expires_at) == (acquired_at, later + HOUR)


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(seconds=-1), timedelta(hours=25)])
def test_a_lease_without_a_sensible_time_to_live_is_an_error(ttl: timedelta) -> None:
    with pytest.raises(LeaseError, match="at most a day"):
        held("run-1", ttl=ttl)


def test_the_order_of_acquiring_does_not_show_in_the_book() -> None:
    assert held("b", "a").digest == held("a", "b").digest


def running(book: LeaseBook, holder: str = "run", *, at: datetime = NOW) -> LeaseBook:
    return confirm_running(taken(book, holder, at=at), holder=holder, now=at)


def test_nobody_claims_a_stop_while_a_lease_binds_whether_or_not_the_instance_runs() -> None:
    book = taken(LeaseBook())
    assert claim_stop(book, owner="stopper", now=NOW + HOUR).stopping is None
    assert claim_stop(book, owner="stopper", now=NOW + HOUR + CLOCK_TOLERANCE).stopping is not None


def test_no_lease_can_be_taken_while_a_claim_binds() -> None:
    until = NOW + STOP_TTL + CLOCK_TOLERANCE
    with pytest.raises(InstanceStoppingError, match="stopper is stopping the instance, by 09:00 UTC"):
        taken(claimed(), at=until - timedelta(microseconds=1))
    assert taken(claimed(), at=until).stopping is None


def test_an_owner_asks_for_the_switch_early_enough_for_it_to_be_flipped_under_the_claim() -> None:
    claim = claimed().stopping
    assert claim is not None
    last = NOW + STOP_TTL - SWITCH_LIMIT
    assert claim.permits_stop(last - timedelta(microseconds=1))
    assert not claim.permits_stop(last)
    assert claim.binds(NOW + STOP_TTL)


def test_of_two_stoppers_the_second_has_no_claim() -> None:
    book = claim_stop(claimed(), owner="other", now=NOW)
    assert book.stopping is not None
    assert book.stopping.owner == "stopper"


def test_a_claim_in_the_holders_own_name_is_left_over_and_does_not_bind_it() -> None:
    assert taken(claimed("run")).of("run") is not None


def test_only_its_owner_ends_a_claim() -> None:
    assert end_stop(claimed(), owner="other", now=NOW) == claimed()
    assert end_stop(claimed(), owner="stopper", now=NOW).stopping is None


WATCHDOGS = Stopping(owner="watchdog", claimed_at=NOW, expires_at=NOW + STOP_TTL, on_instance=True)


def test_a_claim_of_the_instances_own_ends_when_it_is_seen_stopped() -> None:
    ended = seen_stopped(LeaseBook(stopping=WATCHDOGS, running_since=NOW - HOUR), WATCHDOGS)
    assert ended.stopping is None
    assert [(item.started_at, item.ended_at) for item in ended.sessions] == [(NOW - HOUR, NOW)]


@pytest.mark.parametrize(
    ("read", "now_there"),
    [
        (WATCHDOGS.model_copy(update={"on_instance": False}),) * 2,
        (WATCHDOGS, WATCHDOGS.model_copy(update={"claimed_at": NOW + HOUR})),
    ],
    ids=["from outside: its owner may still act", "made after the look"],
)
def test_another_claim_stays_though_the_instance_is_seen_stopped(read: Stopping, now_there: Stopping) -> None:
    book = LeaseBook(stopping=now_there)
    assert seen_stopped(book, read) == book


def test_a_lease_is_usable_once_the_instance_was_seen_running() -> None:
    lease = taken(LeaseBook()).of("run")
    assert lease is not None
    assert (lease.live(NOW), lease.usable(NOW)) == (True, False)
    seen = running(LeaseBook()).of("run")
    assert seen is not None
    assert seen.usable(NOW)
    assert not seen.usable(NOW + HOUR)


def test_a_lease_that_expired_while_the_instance_started_is_lost() -> None:
    with pytest.raises(LeaseLostError, match="run has no live lease"):
        confirm_running(taken(LeaseBook()), holder="run", now=NOW + HOUR)


def test_an_ended_lease_is_kept_with_the_time_it_had_the_instance() -> None:
    book = confirm_running(taken(LeaseBook()), holder="run", now=NOW + timedelta(minutes=3))
    (ended,) = release(book, holder="run", now=NOW + timedelta(minutes=33)).history
    assert (ended.holder, ended.purpose, ended.started_at) == ("run", "training", NOW)
    assert ended.instance_seconds == 30 * 60


def test_an_expired_lease_ended_at_its_expiry_whenever_that_is_noticed() -> None:
    book = claim_stop(running(LeaseBook()), owner="stopper", now=NOW + 9 * HOUR)
    (ended,) = book.history
    assert ended.ended_at == NOW + HOUR
    assert ended.instance_seconds == HOUR.total_seconds()


def test_a_session_lasts_from_the_first_sight_to_the_end_of_the_stop() -> None:
    book = running(running(LeaseBook()), "other", at=NOW + timedelta(minutes=5))
    for holder in ("run", "other"):
        book = release(book, holder=holder, now=NOW + HOUR / 2)
    book = end_stop(claim_stop(book, owner="s", now=NOW + HOUR / 2), owner="s", now=NOW + HOUR)
    assert [(item.started_at, item.ended_at) for item in book.sessions] == [(NOW, NOW + HOUR)]
    assert book.running_since is None


def test_a_session_that_ended_unseen_is_closed_at_its_last_sign() -> None:
    book = release(running(LeaseBook()), holder="run", now=NOW + HOUR / 2)
    later = NOW + 5 * HOUR
    book = confirm_running(taken(book, at=later), holder="run", now=later, stopped_at=later)
    assert [(item.started_at, item.ended_at) for item in book.sessions] == [(NOW, NOW + HOUR / 2)]
    assert book.running_since == later


def test_a_session_keeps_the_type_that_it_began_with() -> None:
    def confirmed(book: LeaseBook, holder: str, kind: str) -> LeaseBook:
        return confirm_running(taken(book, holder), holder=holder, now=NOW, instance_type=kind)

    book = confirmed(confirmed(LeaseBook(), "run", "t3.large"), "other", "m5.large")
    assert book.running_type == "t3.large"
    later = NOW + HOUR / 4
    book = confirm_running(book, holder="run", now=later, stopped_at=later, instance_type="m5.large")
    assert [item.instance_type for item in book.sessions] == ["t3.large"]
    assert book.running_type == "m5.large"


def test_of_two_that_start_it_at_once_the_second_ends_no_session() -> None:
    later = NOW + timedelta(minutes=2)
    book = confirm_running(taken(taken(LeaseBook()), "other"), holder="run", now=later, stopped_at=NOW)
    book = confirm_running(book, holder="other", now=later, stopped_at=NOW + timedelta(seconds=1))
    assert (book.sessions, book.running_since) == ((), later)


def test_the_history_is_bounded() -> None:
    book = LeaseBook()
    for number in range(HISTORY + 3):
        book = release(taken(book, f"run-{number}"), holder=f"run-{number}", now=NOW)
    assert len(book.history) == HISTORY
    assert book.history[-1].holder == f"run-{HISTORY + 2}"
