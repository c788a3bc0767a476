"""How many workers are worth starting. No torch here: evaluation and serving run without it."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Cores that this process may run on, which in a container may be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
