"""Leases and the instance, on the real local adapters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wms.adapters.local import LocalCompute, LocalLeaseStore
from wms.domain.errors import LeaseConflictError
from wms.domain.lease import LeaseBook, acquire
from wms.steps.infra import infra_down, infra_reap, infra_status, infra_up

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def compute(tmp_path: Path) -> LocalCompute:
    return LocalCompute(tmp_path)


@pytest.fixture
def leases(tmp_path: Path) -> LocalLeaseStore:
    return LocalLeaseStore(tmp_path / "leases.json")


def up(holder: str, leases: LocalLeaseStore, compute: LocalCompute, *, at: datetime = NOW) -> None:
    infra_up(holder=holder, purpose="test", ttl=HOUR, now=at, leases=leases, compute=compute)


def test_up_starts_a_stopped_instance(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("run", leases, compute)
    assert compute.state() == "running"


def test_the_instance_runs_on_while_another_holds_it(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("run", leases, compute)
    up("person", leases, compute)
    status = infra_down(holder="run", now=NOW, leases=leases, compute=compute)
    assert status.instance == "running"
    assert [lease.holder for lease in status.leases] == ["person"]


def test_the_last_one_stops_it(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("run", leases, compute)
    assert infra_down(holder="run", now=NOW, leases=leases, compute=compute).instance == "stopped"


def test_an_expired_lease_does_not_keep_it_running(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("dead", leases, compute)
    up("run", leases, compute)
    later = NOW + 2 * HOUR
    assert infra_down(holder="run", now=later, leases=leases, compute=compute).instance == "stopped"


def test_reaping_spares_a_live_lease(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("dead", leases, compute)
    up("run", leases, compute, at=NOW + HOUR)
    status = infra_reap(now=NOW + HOUR, leases=leases, compute=compute)
    assert status.instance == "running"
    assert [lease.holder for lease in leases.load()[0].leases] == ["run"]


def test_reaping_stops_what_nobody_holds(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("dead", leases, compute)
    assert infra_reap(now=NOW + 2 * HOUR, leases=leases, compute=compute).instance == "stopped"


def test_looking_changes_nothing(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("dead", leases, compute)
    infra_status(now=NOW + 2 * HOUR, leases=leases, compute=compute)
    assert compute.state() == "running"
    assert leases.load()[0].of("dead") is not None


class Contended(LocalLeaseStore):
    """Somebody else writes the book before each of our first writes."""

    def __init__(self, path: Path, losses: int) -> None:
        super().__init__(path)
        self.losses = losses

    def swap(self, book: LeaseBook, *, expect: str | None) -> str:
        if self.losses:
            self.losses -= 1
            current, tag = self.load()
            other = acquire(current, holder=f"other-{self.losses}", purpose="race", ttl=HOUR, now=NOW)
            super().swap(other, expect=tag)
        return super().swap(book, expect=expect)


def test_a_lost_race_is_tried_again_and_loses_nobody(tmp_path: Path, compute: LocalCompute) -> None:
    leases = Contended(tmp_path / "leases.json", losses=3)
    up("run", leases, compute)
    assert {lease.holder for lease in leases.load()[0].leases} == {"run", "other-0", "other-1", "other-2"}


def test_a_race_that_is_always_lost_is_an_error(tmp_path: Path, compute: LocalCompute) -> None:
    with pytest.raises(LeaseConflictError):
        up("run", Contended(tmp_path / "leases.json", losses=1000), compute)
