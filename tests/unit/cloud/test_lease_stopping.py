"""Stopping is a state of the book: it excludes leases, and leases exclude it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wms.cloud.lease import STOP_TTL, acquire, claim_stop, confirm_running, end_stop, release, seen_stopped
from wms.core.errors import InstanceStoppingError, LeaseLostError
from wms.core.records.lease_book import CLOCK_TOLERANCE, HISTORY, SWITCH_LIMIT, LeaseBook, Stopping

NOW = datetime(2026, 11, 23, 8, 45, tzinfo=UTC)
HOUR = timedelta(hours=1)


def taken(book: LeaseBook, holder: str = "run", *, at: datetime = NOW) -> LeaseBook:
    return acquire(book, holder=holder, purpose="training", ttl=HOUR, now=at)


def running(book: LeaseBook, holder: str = "run", *, at: datetime = NOW) -> LeaseBook:
    return confirm_running(taken(book, holder, at=at), holder=holder, now=at)


def claimed(*, at: datetime = NOW, owner: str = "stopper") -> LeaseBook:
    return claim_stop(LeaseBook(), owner=owner, now=at)


def test_nobody_claims_a_stop_while_a_lease_binds_be_the_instance_up_or_not() -> None:
    book = taken(LeaseBook())
    assert claim_stop(book, owner="stopper", now=NOW + HOUR).stopping is None
    assert claim_stop(book, owner="stopper", now=NOW + HOUR + CLOCK_TOLERANCE).stopping is not None


def test_a_lease_is_not_to_be_had_while_a_claim_binds() -> None:
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
    assert taken(claimed(owner="run")).of("run") is not None


def test_only_its_owner_ends_a_claim() -> None:
    assert end_stop(claimed(), owner="other", now=NOW) == claimed()
    assert end_stop(claimed(), owner="stopper", now=NOW).stopping is None


def test_a_claim_of_the_instances_own_ends_when_it_is_seen_stopped() -> None:
    claim = Stopping(owner="watchdog", claimed_at=NOW, expires_at=NOW + STOP_TTL, on_instance=True)
    book = LeaseBook(stopping=claim, running_since=NOW - HOUR)
    ended = seen_stopped(book, claim)
    assert ended.stopping is None
    assert [(item.started_at, item.ended_at) for item in ended.sessions] == [(NOW - HOUR, NOW)]


def test_a_claim_from_outside_stays_though_the_instance_is_stopped_for_its_owner_may_still_act() -> None:
    claim = claimed().stopping
    assert claim is not None
    assert seen_stopped(claimed(), claim) == claimed()


def test_a_claim_that_was_made_after_the_look_stays() -> None:
    old = Stopping(owner="watchdog", claimed_at=NOW, expires_at=NOW + STOP_TTL, on_instance=True)
    newer = LeaseBook(stopping=old.model_copy(update={"claimed_at": NOW + HOUR}))
    assert seen_stopped(newer, old) == newer


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
