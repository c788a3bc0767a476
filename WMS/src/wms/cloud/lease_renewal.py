"""Renew a lease in the background while something runs under it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

from wms.core.errors import LeaseLostError, WmsError
from wms.core.records.lease_book import Lease

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def renewing(
    renew: Callable[[], Lease], *, every: timedelta, say: Callable[[str], None]
) -> Iterator[threading.Thread]:
    """Within, a lease is renewed in a thread of its own, which is yielded.

    The work in the block is never disturbed: the loss of the lease is said once, and a training goes on,
    for its metrics and its model are on this disk. A renewal that fails otherwise is tried again.

    Args:
        renew: renews the lease; raises `LeaseLostError` once that is in vain.
        every: the time between renewals.
        say: is told when the lease is lost.
    """
    over = threading.Event()

    def keep() -> None:
        while not over.wait(every.total_seconds()):
            try:
                lease = renew()
            except LeaseLostError as error:
                say(f"the lease is lost: {error}. The instance may be stopped; the work here goes on.")
                return
            except WmsError as error:
                logger.warning("the lease was not renewed; the next try follows: %s", error)
            else:
                logger.info("the lease of %s holds until %s", lease.holder, lease.expires_at)

    thread = threading.Thread(target=keep, name="lease renewal", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        over.set()
        thread.join()
