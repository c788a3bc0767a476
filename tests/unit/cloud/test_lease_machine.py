"""Whatever happens in whatever order, nobody's instance is stopped, it stops at last, no update is lost.

The clocks of any two processes differ by less than `CLOCK_TOLERANCE`, and a switch that is asked for is
flipped within `SWITCH_LIMIT` or not at all; those two are what the rules rest on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lease_world import Fate, NodeBook, Process, SteppedStore, Switch, World, watchdog
from wms.cloud.shared_instance import SharedInstance
from wms.core.errors import WmsError
from wms.core.records.lease_book import Lease

MINUTE = timedelta(minutes=1)
SKEWS = st.integers(-59, 59).map(lambda seconds: timedelta(seconds=seconds))
FATES: tuple[Fate, ...] = ("answer is lost", "never arrives", "arrives late")
VERBS = ("up", "up", "down", "down", "renew")
TTL_MINUTES = (1, 5, 30, 90)
PAUSES_SECONDS = (30, 119, 240, 300, 600, 1021, 1800, 5400)
HOLDERS = ("run", "ann", "bob")
SLOTS = (*HOLDERS, "reaper", "watchdog")


class Memory:
    """The watchdog's file: it outlives the process, and the real one's rule for another boot holds."""

    def __init__(self) -> None:
        self.seen: Any = None
        self.load = lambda boot: watchdog.State.load(self, boot)

    @property
    def _path(self) -> Memory:
        return self

    def read_text(self) -> str:
        if self.seen is None:
            raise FileNotFoundError
        return str(
            watchdog.json.dumps(
                {"boot_id": self.seen.boot_id, "busy_until": self.seen.busy_until.isoformat()}
            )
        )

    def save(self, seen: Any) -> None:
        self.seen = seen


class LeaseMachine(RuleBasedStateMachine):
    """The processes of three holders, a reaper and the watchdog, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.skew: dict[str, timedelta] = {}
        self.processes: dict[str, Process] = {}
        self.promised: dict[str, datetime] = {}
        self.memory = Memory()
        self.blind_stop = False
        self.flips_seen = 0

    @initialize(skews=st.tuples(*[SKEWS] * len(SLOTS)), held_by=st.sets(st.sampled_from(HOLDERS)))
    def begin(self, skews: tuple[timedelta, ...], held_by: set[str]) -> None:
        self.skew = dict(zip(SLOTS, skews, strict=True))
        for holder in sorted(held_by):
            self._begin(holder, self._up(holder, 30))
            self._finish(holder)

    @rule(
        slot=st.sampled_from(SLOTS),
        verb=st.sampled_from(VERBS),
        minutes=st.sampled_from(TTL_MINUTES),
        and_finish=st.booleans(),
    )
    def somebody_begins(self, slot: str, verb: str, minutes: int, and_finish: bool) -> None:
        if slot in self.processes:
            return
        if slot == "watchdog":
            self._watch()
        elif slot == "reaper":
            self._begin(slot, lambda me: _shared(me).reap())
        elif verb == "up":
            self._begin(slot, self._up(slot, minutes))
        elif verb == "renew":
            ttl = minutes * MINUTE
            self._begin(slot, lambda me: _shared(me).renew(slot, ttl=ttl))
        else:
            self.promised.pop(slot, None)
            alone = slot == "run"
            self._begin(slot, lambda me: _shared(me).release(slot, alone=alone))
        if and_finish:
            self._finish(slot)

    def walk(self, chance: Random, events: int) -> None:
        """Single calls of all processes in turns, longer than Hypothesis would make them."""
        for _ in range(events):
            event = chance.random()
            if event < 0.2:
                self.somebody_begins(
                    slot=chance.choice(SLOTS),
                    verb=chance.choice(VERBS),
                    minutes=chance.choice(TTL_MINUTES),
                    and_finish=False,
                )
            elif event < 0.22:
                self.time_goes_on(seconds=chance.choice(PAUSES_SECONDS))
            elif event < 0.23 and self.world.late:
                self.a_late_write_arrives(which=chance.randrange(6))
            elif event < 0.235 and self.processes:
                self.one_crashes(which=chance.randrange(5))
            elif event < 0.24:
                self.world.partitioned = chance.random() < 0.3
            elif self.processes:
                fate = chance.choice(FATES) if chance.random() < 0.05 else "arrives"
                self._step(self._slot(chance.randrange(5)), fate)
            self.check_flips()
            self.what_a_holder_was_promised_stands_in_the_book()

    @precondition(lambda self: self.processes)
    @rule(which=st.integers(0, 4))
    def one_comes_to_its_end(self, which: int) -> None:
        self._finish(self._slot(which))

    @precondition(lambda self: self.processes)
    @rule(which=st.integers(0, 4))
    def one_crashes(self, which: int) -> None:
        self.processes.pop(self._slot(which)).kill()

    @rule(seconds=st.sampled_from(PAUSES_SECONDS))
    def time_goes_on(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.world.late)
    @rule(which=st.integers(0, 5))
    def a_late_write_arrives(self, which: int) -> None:
        self.world.write(self.world.late.pop(which % len(self.world.late)))

    @rule(partitioned=st.booleans())
    def the_instance_loses_or_finds_s3(self, partitioned: bool) -> None:
        self.world.partitioned = partitioned

    def check_flips(self) -> None:
        """No instance is stopped under a live lease that its stopper could have read."""
        for process in self.world.flips[self.flips_seen :]:
            book = self.world.book()
            if process.blind:
                self.blind_stop = True
                book = process.last_read or type(book)()
            live = [
                lease.holder for lease in book.leases if lease.live(self.world.now + self.skew[lease.holder])
            ]
            assert live == [], f"{process.name} stopped it under {live}"
        self.flips_seen = len(self.world.flips)

    @invariant()
    def what_a_holder_was_promised_stands_in_the_book(self) -> None:
        book = self.world.book()
        for holder, until in self.promised.items():
            if self.world.now + self.skew[holder] < until:
                lease = book.of(holder)
                assert lease is not None, f"the lease of {holder} is lost"
                assert lease.expires_at >= until
                assert self.world.on or self.blind_stop, f"the instance of {holder} is off"

    @invariant()
    def every_lease_is_in_the_book_once(self) -> None:
        book = self.world.book()
        told = [(lease.holder, lease.acquired_at) for lease in book.leases]
        told += [(lease.holder, lease.started_at) for lease in book.history]
        assert len(told) == len(set(told))

    def teardown(self) -> None:
        """Everybody dies but the watchdog's timer: the instance stops all the same."""
        for slot in list(self.processes):
            self.processes.pop(slot).kill()
        if not self.skew:
            return
        ends = [lease.expires_at for lease in self.world.book().leases]
        if self.memory.seen is not None:
            ends.append(self.memory.seen.busy_until)
        for _ in range(int((max([*ends, self.world.now]) - self.world.now) / MINUTE) + 60):
            self.world.now += MINUTE
            self._watch()
            self._finish("watchdog")
        assert not self.world.on, "it was never stopped"

    def _up(self, holder: str, minutes: int) -> Callable[[Process], Lease]:
        return lambda me: _shared(me).take(holder, purpose="test", ttl=minutes * MINUTE)

    def _watch(self) -> None:
        if not self.world.on:
            return
        boot = watchdog.Boot(f"{self.world.boots:08d}", self.world.booted_at + self.skew["watchdog"])

        def work(me: Process) -> None:
            def shutdown() -> None:
                asked_at = self.world.now
                me.call("shutdown")
                if self.world.now - asked_at < watchdog.SWITCH_LIMIT:
                    self.world.stop(me)

            book = NodeBook(me, SteppedStore(me))
            watchdog.look(clock=me.clock, boot=boot, state=self.memory, store=book, shutdown=shutdown)

        self._begin("watchdog", work)

    def _begin(self, slot: str, work: Callable[[Process], Any]) -> None:
        self.processes[slot] = Process(self.world, slot, work, skew=self.skew[slot])

    def _slot(self, which: int) -> str:
        slots = sorted(self.processes)
        return slots[which % len(slots)]

    def _finish(self, slot: str) -> None:
        """Run a process to its end, or to where it waits for time to go on."""
        for _ in range(60):
            if slot not in self.processes or self.processes[slot].waits_for == "sleep":
                break
            self._step(slot, "arrives")
            self.check_flips()
        if slot in self.processes:
            self._step(slot, "arrives")

    def _step(self, slot: str, fate: Fate) -> None:
        process = self.processes.get(slot)
        if process is None:
            return
        self.world.now += timedelta(milliseconds=1)
        process.step(fate)
        if slot != "watchdog" and "watchdog" in self.processes and not self.world.on:
            self.processes.pop("watchdog").kill()
        if not process.over:
            return
        self.processes.pop(slot, None)
        if process.error is not None and not isinstance(process.error, WmsError):
            raise process.error
        if isinstance(process.result, Lease):
            self.promised[slot] = process.result.expires_at


def _shared(me: Process) -> SharedInstance:
    return SharedInstance(leases=SteppedStore(me), compute=Switch(me), clock=me.clock, sleep=me.sleep)


LeaseMachine.TestCase.settings = settings(
    max_examples=150,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
test_leases_hold_whatever_happens = LeaseMachine.TestCase


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(20), id="some-walks"),
        pytest.param(range(20, 2000), id="many-walks", marks=pytest.mark.soak),
    ],
)
def test_leases_hold_on_long_walks(seeds: range) -> None:
    for seed in seeds:
        chance = Random(seed)
        machine = LeaseMachine()
        machine.begin(
            skews=tuple(timedelta(seconds=chance.randint(-59, 59)) for _ in SLOTS),
            held_by=set(chance.sample(HOLDERS, chance.randint(0, 3))),
        )
        machine.walk(chance, events=1000)
        machine.every_lease_is_in_the_book_once()
        machine.teardown()
