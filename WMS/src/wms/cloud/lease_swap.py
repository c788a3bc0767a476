"""Change the lease book by compare-and-swap."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from wms.core.cloud_ports import LeaseStore
from wms.core.errors import LeaseConflictError
from wms.core.records.lease_book import LeaseBook

ATTEMPTS = 20
"""How often a compare-and-swap is tried; each loss means that another holder won."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 0.5
"""The longest pause between two tries. It doubles each time and its length is random, so that two losers
do not meet again."""


def swap(leases: LeaseStore, change: Callable[[LeaseBook], LeaseBook]) -> LeaseBook:
    """Apply a change to the book as it is now; an unchanged book is not written.

    Raises:
        LeaseConflictError: others wrote the book in between, each time.
    """
    for attempt in range(ATTEMPTS):
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
    raise LeaseConflictError(f"the lease book changed {ATTEMPTS} times while writing it")
