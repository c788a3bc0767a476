"""Take, renew, release and reap leases, and start or stop the instance accordingly."""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from wms.cloud import lease
from wms.core.cloud_ports import Compute, InstanceState, LeaseStore
from wms.core.context import Context
from wms.core.errors import ComputeError, InstanceStoppingError, LeaseConflictError, LeaseLostError
from wms.core.records.base import Record
from wms.core.records.lease_book import Lease, LeaseBook, Stopping

logger = logging.getLogger(__name__)

STOPPING_WAIT = timedelta(minutes=20)
"""How long a start waits for a stop to end: longer than a claim whose owner died can bind."""

POLL_SECONDS = 5.0

SWAP_ATTEMPTS = 20
"""How often a compare-and-swap is tried; each loss means that another holder won."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 0.5
"""The longest pause between two tries. It doubles each time and its length is random, so that two losers
do not meet again."""


def swap(leases: LeaseStore, change: Callable[[LeaseBook], LeaseBook]) -> LeaseBook:
    """Apply a change to the book as it is now; an unchanged book is not written.

    Raises:
        LeaseConflictError: others wrote the book in between, each time.
    """
    for attempt in range(SWAP_ATTEMPTS):
        book, tag = leases.load()
        changed = change(book)
        if changed == book:
            return book
        try:
            leases.swap(changed, expect=tag)
        except LeaseConflictError:
            time.sleep(random.uniform(0, min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)))
            continue
        return changed
    raise LeaseConflictError(f"the lease book changed {SWAP_ATTEMPTS} times while writing it")


class InfraStatus(Record):
    """The instance, who holds it now, and who is stopping it.

    `remark` says what was odd about a stop that this command made; empty where all went as planned.
    """

    instance: InstanceState
    leases: tuple[Lease, ...]
    stopping: Stopping | None = None
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class SharedInstance:
    """The instance, and the book of who holds it; `sleep` waits, in seconds."""

    leases: LeaseStore
    compute: Compute
    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def of(cls, ctx: Context) -> Self:
        """The workspace's."""
        return cls(leases=ctx.ports.leases, compute=ctx.ports.compute, clock=ctx.clock)

    def take(
        self,
        holder: str,
        *,
        purpose: str,
        ttl: timedelta,
        instance_type: Callable[[], str | None] = lambda: None,
        say: Callable[[str], None] = logger.warning,
    ) -> Lease:
        """Take a lease, start the instance if it is not running, and note that it runs.

        The lease comes first, so nobody who reads the book stops what is about to be used. While
        somebody is stopping the instance, this waits until that has ended.

        `instance_type` is asked once it runs, for the cost. `say` is told what was odd about the start.

        Raises:
            InstanceStoppingError: the instance is still being stopped after a long wait.
            ComputeError: it was started and does not run.
            LeaseLostError: the lease expired while the instance was starting.
        """
        self._acquire(holder, purpose, ttl)
        stopped_at: datetime | None = None
        looked_at = self.clock()
        if self.compute.state() != "running":
            stopped_at = looked_at
            if remark := self.compute.up().remark:
                say(remark)
            state = self.compute.state()
            if state != "running":
                raise ComputeError(f"the instance was started and is {state}")
        runs_as = instance_type()
        book = self._change(
            lambda book: lease.confirm_running(
                book, holder=holder, now=self.clock(), stopped_at=stopped_at, instance_type=runs_as
            )
        )
        return _lease_of(book, holder)

    def hold(self, holder: str, *, purpose: str, ttl: timedelta) -> None:
        """Take a lease and start nothing: so that nobody else stops the instance meanwhile.

        Raises:
            InstanceStoppingError: the instance is still being stopped after a long wait.
        """
        self._acquire(holder, purpose, ttl)

    def renew(self, holder: str, *, ttl: timedelta) -> Lease:
        """Extend a lease under which something runs.

        Raises:
            LeaseLostError: the lease is over, or the instance does not run: a watchdog that could not
                read the book goes by the expiry that it read last.
        """
        state = self.compute.state()
        if state != "running":
            raise LeaseLostError(f"{holder} holds a lease, but the instance is {state}")
        book = self._change(lambda book: lease.renew(book, holder=holder, ttl=ttl, now=self.clock()))
        return _lease_of(book, holder)

    def release(self, holder: str, *, alone: bool = False) -> InfraStatus:
        """Release the holder's lease and stop the instance when no lease is left.

        With `alone` nobody else acts in this holder's name at the same time, as with a run, which is
        locked: then a stop that its killed process had begun is finished.
        """
        self._change(lambda book: lease.release(book, holder=holder, now=self.clock()))
        return self._stop_if_free(holder if alone else f"{holder}#{secrets.token_hex(4)}")

    def reap(self) -> InfraStatus:
        """Drop expired leases and stop the instance when no lease is left."""
        self._change(lambda book: lease.expire(book, now=self.clock()))
        return self._stop_if_free(f"reaper#{secrets.token_hex(4)}")

    def status(self) -> InfraStatus:
        """What runs, who holds it, who is stopping it; nothing is changed."""
        return self._status(self.leases.load()[0])

    def _acquire(self, holder: str, purpose: str, ttl: timedelta) -> None:
        give_up_at = self.clock() + STOPPING_WAIT
        while True:
            self._end_stop_of_a_stopped_instance()
            try:
                self._change(
                    lambda book: lease.acquire(
                        book, holder=holder, purpose=purpose, ttl=ttl, now=self.clock()
                    )
                )
            except InstanceStoppingError as error:
                if self.clock() >= give_up_at:
                    raise
                logger.info("waiting: %s", error)
                self.sleep(POLL_SECONDS)
            else:
                return

    def _end_stop_of_a_stopped_instance(self) -> None:
        """The instance cannot end its own claim: it is off. The claim is read first, then the state."""
        claim = self.leases.load()[0].stopping
        if claim is not None and claim.on_instance and self.compute.state() in ("stopped", "absent"):
            self._change(lambda book: lease.seen_stopped(book, claim))

    def _stop_if_free(self, owner: str) -> InfraStatus:
        def end(book: LeaseBook) -> LeaseBook:
            return lease.end_stop(book, owner=owner, now=self.clock())

        if self.compute.state() not in ("running", "pending"):
            return self._status(self._change(end))
        book = self._change(lambda book: lease.claim_stop(book, owner=owner, now=self.clock()))
        claim, remark = book.stopping, ""
        if claim is not None and claim.owner == owner and claim.permits_stop(self.clock()):
            remark = self.compute.down().remark
            book = self._change(end)
        return self._status(book, remark)

    def _status(self, book: LeaseBook, remark: str = "") -> InfraStatus:
        now, stopping = self.clock(), book.stopping
        return InfraStatus(
            instance=self.compute.state(),
            leases=book.live(now),
            stopping=stopping if stopping is not None and stopping.binds(now) else None,
            remark=remark,
        )

    def _change(self, change: Callable[[LeaseBook], LeaseBook]) -> LeaseBook:
        return swap(self.leases, change)


def _lease_of(book: LeaseBook, holder: str) -> Lease:
    return next(lease for lease in book.leases if lease.holder == holder)
