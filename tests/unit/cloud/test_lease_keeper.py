"""A lease is renewed while something runs under it; its loss is said and disturbs nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from wms.cloud.lease_keeper import LeaseKeeper
from wms.core.errors import LeaseError, LeaseLostError, WmsError
from wms.core.records.lease_book import Lease

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LEASE = Lease(holder="run", purpose="training", acquired_at=NOW, expires_at=NOW + timedelta(hours=1))
WAIT_SECONDS = 20.0


class Renewals:
    """Answers renewals as told, then says that there were so many."""

    def __init__(self, *answers: WmsError | None) -> None:
        self.left: Iterator[WmsError | None] = iter(answers)
        self.made = 0
        self.expected = len(answers)
        self.all_made = threading.Event()

    def __call__(self) -> Lease:
        self.made += 1
        answer = next(self.left, None)
        if self.made >= self.expected:
            self.all_made.set()
        if answer is not None:
            raise answer
        return LEASE


def keeper(renewals: Renewals, said: list[str], *, held: bool = True) -> LeaseKeeper:
    return LeaseKeeper(held=lambda: held, renew=renewals, every=timedelta(milliseconds=1), say=said.append)


def test_a_lease_is_renewed_as_long_as_the_block_lasts() -> None:
    renewals, said = Renewals(None, None, None), list[str]()
    with keeper(renewals, said):
        assert renewals.all_made.wait(WAIT_SECONDS)
    made = renewals.made
    time.sleep(0.05)
    assert renewals.made == made
    assert said == []


def test_a_renewal_that_could_not_be_asked_for_is_tried_again() -> None:
    renewals, said = Renewals(LeaseError("S3 is away"), None), list[str]()
    with keeper(renewals, said):
        assert renewals.all_made.wait(WAIT_SECONDS)
    assert said == []


def test_a_lost_lease_is_said_once_and_not_renewed_any_more() -> None:
    renewals, said = Renewals(LeaseLostError("run has no live lease")), list[str]()
    with keeper(renewals, said) as kept:
        kept._thread.join(WAIT_SECONDS)
        assert not kept._thread.is_alive()
    assert renewals.made == 1
    assert said == [
        "the lease is lost: run has no live lease. The instance may be stopped; the work here goes on."
    ]


def test_where_there_is_no_lease_nothing_is_renewed() -> None:
    renewals, said = Renewals(None), list[str]()
    with keeper(renewals, said, held=False) as kept:
        assert not kept._thread.is_alive()
    assert renewals.made == 0


def test_the_error_of_the_work_comes_out_as_it_is() -> None:
    with pytest.raises(RuntimeError, match="of the work"), keeper(Renewals(), []):
        raise RuntimeError("of the work")
