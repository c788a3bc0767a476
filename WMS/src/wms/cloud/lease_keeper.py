"""Renew a lease in the background while something runs under it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

from wms.core.errors import LeaseLostError, WmsError
from wms.core.records.lease_book import Lease

logger = logging.getLogger(__name__)


class LeaseKeeper:
    """A block under which a lease is renewed, in a thread of its own.

    What runs in the block is never disturbed: a lease that is lost is said once, and a training goes
    on, for its metrics and its model wait on this disk. A renewal that could not be asked
    for is tried again.

    Args:
        held: whether there is a lease to keep.
        renew: renews it; raises `LeaseLostError` once that is in vain.
        every: the time between renewals.
        say: told when the lease is lost, or the book cannot be asked at the start.
    """

    def __init__(
        self,
        *,
        held: Callable[[], bool],
        renew: Callable[[], Lease],
        every: timedelta,
        say: Callable[[str], None],
    ) -> None:
        self._held, self._renew, self._say = held, renew, say
        self._every_seconds = every.total_seconds()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease keeper", daemon=True)

    def __enter__(self) -> Self:
        try:
            held = self._held()
        except WmsError as error:
            self._say(f"the lease book cannot be read, the lease is renewed when it can: {error}")
            held = True
        if held:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        while not self._over.wait(self._every_seconds):
            try:
                lease = self._renew()
            except LeaseLostError as error:
                self._say(f"the lease is lost: {error}. The instance may be stopped; the work here goes on.")
                return
            except WmsError as error:
                logger.warning("the lease was not renewed, which is tried again: %s", error)
            else:
                logger.info("the lease of %s holds until %s", lease.holder, lease.expires_at)
