"""A lease is renewed while something runs under it; its loss is said and disturbs nothing."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from wms.adapters.local.instance import LocalLeaseStore
from wms.cloud.run_lease import renewed_run_lease, renewing
from wms.core.errors import LeaseError, LeaseLostError, WmsError
from wms.core.records.lease_book import Lease

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LEASE = Lease(holder="run", purpose="training", acquired_at=NOW, expires_at=NOW + timedelta(hours=1))
EVERY = timedelta(milliseconds=1)
WAIT_SECONDS = 20.0


class Renewals:
    """Renews a lease; the first time it may fail. `enough` is set after three."""

    def __init__(self, error: WmsError | None = None) -> None:
        self.error = error
        self.made = 0
        self.enough = threading.Event()

    def __call__(self) -> Lease:
        self.made += 1
        if self.made == 3:
            self.enough.set()
        if self.made == 1 and self.error is not None:
            raise self.error
        return LEASE


@pytest.mark.parametrize("error", [None, LeaseError("S3 is away")], ids=["well", "the first try fails"])
def test_a_lease_is_renewed_as_long_as_the_block_lasts(error: WmsError | None) -> None:
    renewals, said = Renewals(error), list[str]()
    with renewing(renewals, every=EVERY, say=said.append):
        assert renewals.enough.wait(WAIT_SECONDS)
    made = renewals.made
    time.sleep(0.05)
    assert renewals.made == made
    assert said == []


def test_a_lost_lease_is_said_once_and_not_renewed_any_more() -> None:
    renewals, said = Renewals(LeaseLostError("run has no live lease")), list[str]()
    with renewing(renewals, every=EVERY, say=said.append) as thread:
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()
    assert renewals.made == 1
    assert said == [
        "the lease is lost: run has no live lease. The instance may be stopped; the work here continues."
    ]


def test_the_error_of_the_work_comes_out_as_it_is() -> None:
    with pytest.raises(RuntimeError, match="of the work"), renewing(Renewals(), every=EVERY, say=print):
        raise RuntimeError("of the work")


def test_a_run_without_a_lease_has_none_to_renew(tmp_path: Path) -> None:
    ports = SimpleNamespace(leases=LocalLeaseStore(tmp_path / "leases.json"))
    ctx: Any = SimpleNamespace(request=SimpleNamespace(run_id="run"), ports=ports)
    with renewed_run_lease(ctx) as thread:
        assert thread is None
