"""A lease is renewed while something runs under it; its loss is said and disturbs nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wms.adapters.local.instance import LocalLeaseStore
from wms.cloud.lease_renewal import renewing
from wms.cloud.run_lease import renewed_run_lease
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


def keeper(renewals: Renewals, said: list[str]) -> AbstractContextManager[threading.Thread]:
    return renewing(renewals, every=timedelta(milliseconds=1), say=said.append)


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
    with keeper(renewals, said) as thread:
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()
    assert renewals.made == 1
    assert said == [
        "the lease is lost: run has no live lease. The instance may be stopped; the work here goes on."
    ]


def test_the_error_of_the_work_comes_out_as_it_is() -> None:
    with pytest.raises(RuntimeError, match="of the work"), keeper(Renewals(), []):
        raise RuntimeError("of the work")


def test_a_run_without_a_lease_has_none_to_renew(tmp_path: Path) -> None:
    ports = SimpleNamespace(leases=LocalLeaseStore(tmp_path / "leases.json"))
    ctx: Any = SimpleNamespace(request=SimpleNamespace(run_id="run"), ports=ports)
    with renewed_run_lease(ctx) as thread:
        assert thread is None
