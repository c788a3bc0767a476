"""Leases and the instance, on the real local adapters."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wms.adapters.local.instance import LocalCompute, LocalLeaseStore
from wms.cloud.lease import STOP_TTL, acquire, end_stop
from wms.cloud.shared_instance import POLL_SECONDS, SharedInstance
from wms.core.cloud_ports import Switched
from wms.core.errors import ComputeError, InstanceStoppingError, LeaseConflictError, LeaseLostError
from wms.core.records.lease_book import CLOCK_TOLERANCE, Lease, LeaseBook, Stopping

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def compute(tmp_path: Path) -> LocalCompute:
    return LocalCompute(tmp_path)


@pytest.fixture
def leases(tmp_path: Path) -> LocalLeaseStore:
    return LocalLeaseStore(tmp_path / "leases.json")


def shared(leases: LocalLeaseStore, compute: LocalCompute, *, at: datetime = NOW) -> SharedInstance:
    return SharedInstance(leases=leases, compute=compute, clock=lambda: at)


def up(holder: str, leases: LocalLeaseStore, compute: LocalCompute, *, at: datetime = NOW) -> None:
    shared(leases, compute, at=at).take(holder, purpose="test", ttl=HOUR)


def test_up_starts_a_stopped_instance(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("run", leases, compute)
    assert compute.state() == "running"


def test_the_instance_runs_on_while_another_holds_it(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("run", leases, compute)
    up("person", leases, compute)
    status = shared(leases, compute).release("run")
    assert status.instance == "running"
    assert [lease.holder for lease in status.leases] == ["person"]


def test_the_last_one_stops_it(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("run", leases, compute)
    assert shared(leases, compute).release("run").instance == "stopped"


def test_what_was_odd_about_a_stop_is_in_its_answer(leases: LocalLeaseStore, tmp_path: Path) -> None:
    class Odd(LocalCompute):
        def down(self) -> Switched:
            super().down()
            return Switched(remark="stopped past the switch")

    up("run", leases, Odd(tmp_path))
    status = shared(leases, Odd(tmp_path)).release("run")
    assert (status.instance, status.remark) == ("stopped", "stopped past the switch")
    assert shared(leases, Odd(tmp_path)).status().remark == ""
    up("dead", leases, Odd(tmp_path))
    reaped = shared(leases, Odd(tmp_path), at=NOW + 2 * HOUR).reap()
    assert reaped.remark == "stopped past the switch"


def test_what_was_odd_about_a_start_is_said(leases: LocalLeaseStore, tmp_path: Path) -> None:
    class Odd(LocalCompute):
        def up(self) -> Switched:
            super().up()
            return Switched(remark="started past the switch")

    said: list[str] = []
    shared(leases, Odd(tmp_path)).take("run", purpose="test", ttl=HOUR, say=said.append)
    assert said == ["started past the switch"]


def test_an_expired_lease_does_not_keep_it_running(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("dead", leases, compute)
    up("run", leases, compute)
    later = NOW + 2 * HOUR
    assert shared(leases, compute, at=later).release("run").instance == "stopped"


def test_reaping_spares_a_live_lease(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("dead", leases, compute)
    up("run", leases, compute, at=NOW + HOUR)
    status = shared(leases, compute, at=NOW + HOUR + CLOCK_TOLERANCE).reap()
    assert status.instance == "running"
    assert [lease.holder for lease in leases.load()[0].leases] == ["run"]


def test_reaping_stops_what_nobody_holds(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("dead", leases, compute)
    assert shared(leases, compute, at=NOW + 2 * HOUR).reap().instance == "stopped"


def test_looking_changes_nothing(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    up("dead", leases, compute)
    shared(leases, compute, at=NOW + 2 * HOUR).status()
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


class Time:
    """A clock that only sleeping moves, and that lets things happen meanwhile."""

    def __init__(self, *meanwhile: Callable[[], object]) -> None:
        self.now = NOW
        self.meanwhile = iter(meanwhile)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        next(self.meanwhile, lambda: None)()


def claim(leases: LocalLeaseStore, *, on_instance: bool = False) -> None:
    book, tag = leases.load()
    stopping = Stopping(owner="s", claimed_at=NOW, expires_at=NOW + STOP_TTL, on_instance=on_instance)
    leases.swap(book.model_copy(update={"stopping": stopping}), expect=tag)


def up_at(time: Time, leases: LocalLeaseStore, compute: LocalCompute) -> Lease:
    instance = SharedInstance(leases=leases, compute=compute, clock=time, sleep=time.sleep)
    return instance.take("run", purpose="test", ttl=HOUR)


def test_who_comes_while_it_is_stopped_waits_and_starts_it_again(
    leases: LocalLeaseStore, compute: LocalCompute
) -> None:
    compute.up()
    claim(leases)

    def stopped() -> None:
        compute.down()
        book, tag = leases.load()
        leases.swap(end_stop(book, owner="s", now=NOW), expect=tag)

    time = Time(lambda: None, stopped)
    assert up_at(time, leases, compute).usable(time())
    assert time() == NOW + timedelta(seconds=2 * POLL_SECONDS)
    assert compute.state() == "running"


def test_a_stopper_that_died_is_waited_out(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    compute.up()
    claim(leases)
    time = Time()
    up_at(time, leases, compute)
    assert time() == NOW + STOP_TTL + CLOCK_TOLERANCE


def test_an_instance_that_stopped_itself_is_not_waited_for(
    leases: LocalLeaseStore, compute: LocalCompute
) -> None:
    compute.down()
    claim(leases, on_instance=True)
    time = Time()
    up_at(time, leases, compute)
    assert time() == NOW


def test_a_stop_that_never_ends_is_an_error(leases: LocalLeaseStore, compute: LocalCompute) -> None:
    time = Time()

    def again() -> None:
        book, tag = leases.load()
        stopping = Stopping(owner="s", claimed_at=time(), expires_at=time() + STOP_TTL)
        leases.swap(book.model_copy(update={"stopping": stopping}), expect=tag)

    again()
    time.meanwhile = itertools.repeat(again)
    with pytest.raises(InstanceStoppingError):
        up_at(time, leases, compute)
    assert leases.load()[0].leases == ()


def test_the_switch_is_flipped_under_a_claim_that_is_ended_afterwards(
    tmp_path: Path, leases: LocalLeaseStore
) -> None:
    seen = []

    class Watched(LocalCompute):
        def down(self) -> Switched:
            seen.append(leases.load()[0].stopping)
            return super().down()

    compute = Watched(tmp_path)
    up("run", leases, compute)
    shared(leases, compute).release("run")
    (stopping,) = seen
    assert stopping is not None
    assert stopping.owner.startswith("run#")
    assert leases.load()[0].stopping is None


def test_a_stop_that_another_process_of_the_same_run_left_is_taken_up(
    tmp_path: Path, leases: LocalLeaseStore
) -> None:
    class Dying(LocalCompute):
        def down(self) -> Switched:
            raise ComputeError("killed here")

    up("run", leases, LocalCompute(tmp_path))
    with pytest.raises(ComputeError):
        shared(leases, Dying(tmp_path)).release("run", alone=True)
    compute = LocalCompute(tmp_path)
    assert shared(leases, compute).release("run").instance == "running"
    left = shared(leases, compute).release("run", alone=True)
    assert (left.instance, left.stopping) == ("stopped", None)


def test_a_lease_on_an_instance_that_was_stopped_under_it_is_lost(
    leases: LocalLeaseStore, compute: LocalCompute
) -> None:
    up("run", leases, compute)
    renewed = shared(leases, compute).renew("run", ttl=2 * HOUR)
    assert renewed.expires_at == NOW + 2 * HOUR
    compute.down()
    with pytest.raises(LeaseLostError, match="the instance is stopped"):
        shared(leases, compute).renew("run", ttl=HOUR)


def test_an_instance_that_does_not_run_after_its_start_is_an_error(
    tmp_path: Path, leases: LocalLeaseStore
) -> None:
    class Broken(LocalCompute):
        def up(self) -> Switched:
            return Switched()

    with pytest.raises(ComputeError, match="was started and is absent"):
        up("run", leases, Broken(tmp_path))
