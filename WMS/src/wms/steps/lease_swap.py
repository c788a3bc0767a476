"""Change the lease book by compare-and-swap."""

from __future__ import annotations

from collections.abc import Callable

from wms.domain.errors import LeaseConflictError
from wms.domain.lease import LeaseBook
from wms.ports import LeaseStore

ATTEMPTS = 20
"""How often a compare-and-swap is tried; each loss means that another holder won."""


def swap(leases: LeaseStore, change: Callable[[LeaseBook], LeaseBook]) -> LeaseBook:
    """Apply a change to the book as it is now; an unchanged book is not written.

    Raises:
        LeaseConflictError: others wrote the book in between, each time.
    """
    for _ in range(ATTEMPTS):
        book, tag = leases.load()
        changed = change(book)
        if changed == book:
            return book
        try:
            leases.swap(changed, expect=tag)
        except LeaseConflictError:
            continue
        return changed
    raise LeaseConflictError(f"the lease book changed {ATTEMPTS} times while writing it")
