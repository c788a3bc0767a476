"""Peak resident memory of the process that asks."""

from __future__ import annotations

import re
from pathlib import Path


def own_peak_mib() -> int:
    """In MiB; from `VmHWM`, because Linux lets `ru_maxrss` begin with that of the parent."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return round(int(found[1]) / 1024)
