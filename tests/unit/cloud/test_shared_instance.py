"""Leases and the instance, on the real local adapters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wms.adapters.local.instance import LocalCompute, LocalLeaseStore
from wms.cloud.lease import STOP_TTL, acquire, end_stop
from wms.cloud.shared_instance import POLL_SECONDS, InfraStatus, SharedInstance
from wms.core.cloud_ports import InstanceState, Switched
from wms.core.errors import ComputeError, InstanceStoppingError, LeaseConflictError, LeaseLostError
from wms.core.records.lease_book import CLOCK_TOLERANCE, Lease, LeaseBook, Stopping

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Odd(LocalCompute):
    """A switch that flips, but not as planned."""

    def up(self) -> Switched:
        super().up()
        return Switched(remark="started past the switch")

    def down(self) -> Switched:
        super().down()
        return Switched(remark="stopped past the switch")


class Stuck(LocalCompute):
    """A switch that does nothing, and fails when it should stop."""

    def up(self) -> Switched:
        return Switched()

    def down(self) -> Switched:
        raise ComputeError("killed here")


class Contended(LocalLeaseStore):
    """Somebody else writes the book before each of our first writes."""

    losses = 0

    def swap(self, book: LeaseBook, *, expect: str | None) -> str:
        if self.losses:
            self.losses -= 1
            current, tag = self.load()
            other = acquire(current, holder=f"other-{self.losses}", purpose="race", ttl=HOUR, now=NOW)
            super().swap(other, expect=tag)
        return super().swap(book, expect=expect)


class World:
    """An instance, its book, and a clock that only waiting moves, while `meanwhile` things happen."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.leases = Contended(folder / "leases.json")
        self.now = NOW
        self.meanwhile: Iterator[Callable[[], object]] = iter(())

    def shared(self, kind: type[LocalCompute] = LocalCompute) -> SharedInstance:
        return SharedInstance(
            leases=self.leases, compute=kind(self.folder), clock=lambda: self.now, sleep=self._sleep
        )

    def up(self, holder: str) -> Lease:
        return self.shared().take(holder, purpose="test", ttl=HOUR)

    @property
    def state(self) -> InstanceState:
        return LocalCompute(self.folder).state()

    def holders(self) -> set[str]:
        return {lease.holder for lease in self.leases.load()[0].leases}

    def change(self, change: Callable[[LeaseBook], LeaseBook]) -> None:
        book, tag = self.leases.load()
        self.leases.swap(change(book), expect=tag)

    def claim(self, *, on_instance: bool = False) -> None:
        """As if another process was stopping it from now on."""
        stopping = Stopping(
            owner="s", claimed_at=self.now, expires_at=self.now + STOP_TTL, on_instance=on_instance
        )
        self.change(lambda book: book.model_copy(update={"stopping": stopping}))

    def _sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        next(self.meanwhile, lambda: None)()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_first_one_starts_it_and_the_last_one_stops_it(world: World) -> None:
    world.up("run")
    assert world.state == "running"
    world.up("person")
    status = world.shared().release("run")
    assert status.instance == "running"
    assert [lease.holder for lease in status.leases] == ["person"]
    assert world.shared().release("person").instance == "stopped"


@pytest.mark.parametrize("end", [lambda it: it.release("run"), lambda it: it.reap()], ids=["release", "reap"])
def test_an_expired_lease_does_not_keep_it_running(
    world: World, end: Callable[[SharedInstance], InfraStatus]
) -> None:
    world.up("dead")
    world.up("run")
    world.now += 2 * HOUR
    assert world.shared().status().instance == "running", "looking changes nothing"
    assert "dead" in world.holders()
    assert end(world.shared()).instance == "stopped"


def test_reaping_spares_a_live_lease(world: World) -> None:
    world.up("dead")
    world.now += HOUR
    world.up("run")
    world.now += CLOCK_TOLERANCE
    assert world.shared().reap().instance == "running"
    assert world.holders() == {"run"}


def test_what_was_odd_about_a_start_or_a_stop_is_said(world: World) -> None:
    said: list[str] = []
    world.shared(Odd).take("run", purpose="test", ttl=HOUR, say=said.append)
    assert said == ["started past the switch"]
    assert world.shared(Odd).release("run").remark == "stopped past the switch"
    assert world.shared(Odd).status().remark == ""
    world.up("dead")
    world.now += 2 * HOUR
    assert world.shared(Odd).reap().remark == "stopped past the switch"


def test_a_lost_race_is_tried_again_and_loses_nobody(world: World) -> None:
    world.leases.losses = 3
    world.up("run")
    assert world.holders() == {"run", "other-0", "other-1", "other-2"}
    world.leases.losses = 1000
    with pytest.raises(LeaseConflictError):
        world.up("late")


def test_who_comes_while_it_is_stopped_waits_and_starts_it_again(world: World) -> None:
    compute = LocalCompute(world.folder)
    compute.up()
    world.claim()

    def stopped() -> None:
        compute.down()
        world.change(lambda book: end_stop(book, owner="s", now=NOW))

    world.meanwhile = iter([lambda: None, stopped])
    assert world.up("run").usable(world.now)
    assert world.now == NOW + timedelta(seconds=2 * POLL_SECONDS)
    assert world.state == "running"


@pytest.mark.parametrize(
    ("on_instance", "waited"),
    [(False, STOP_TTL + CLOCK_TOLERANCE), (True, timedelta())],
    ids=["a stopper that died", "an instance that stopped itself"],
)
def test_a_stopper_that_may_still_act_is_waited_out(
    world: World, on_instance: bool, waited: timedelta
) -> None:
    LocalCompute(world.folder).down()
    world.claim(on_instance=on_instance)
    world.up("run")
    assert world.now == NOW + waited


def test_a_stop_that_never_ends_is_an_error(world: World) -> None:
    world.claim()
    world.meanwhile = itertools.repeat(world.claim)
    with pytest.raises(InstanceStoppingError):
        world.up("run")
    assert world.holders() == set()


def test_the_switch_is_flipped_under_a_claim_that_is_ended_afterwards(world: World) -> None:
    seen = []

    class Watched(LocalCompute):
        def down(self) -> Switched:
            seen.append(world.leases.load()[0].stopping)
            return super().down()

    world.up("run")
    world.shared(Watched).release("run")
    (stopping,) = seen
    assert stopping is not None
    assert stopping.owner.startswith("run#")
    assert world.leases.load()[0].stopping is None


def test_a_stop_that_another_process_of_the_same_run_left_is_finished(world: World) -> None:
    world.up("run")
    with pytest.raises(ComputeError):
        world.shared(Stuck).release("run", alone=True)
    assert world.shared().release("run").instance == "running"
    left = world.shared().release("run", alone=True)
    assert (left.instance, left.stopping) == ("stopped", None)


def test_a_lease_on_an_instance_that_was_stopped_under_it_is_lost(world: World) -> None:
    world.up("run")
    assert world.shared().renew("run", ttl=2 * HOUR).expires_at == NOW + 2 * HOUR
    LocalCompute(world.folder).down()
    with pytest.raises(LeaseLostError, match="the instance is stopped"):
        world.shared().renew("run", ttl=HOUR)


def test_an_instance_that_does_not_run_after_its_start_is_an_error(world: World) -> None:
    with pytest.raises(ComputeError, match="was started and is absent"):
        world.shared(Stuck).take("run", purpose="test", ttl=HOUR)
