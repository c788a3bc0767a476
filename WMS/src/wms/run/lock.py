"""One at a time: who writes `run/` or changes what is in production holds the workspace's run lock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from filelock import FileLock, Timeout

from wms.core.errors import BusyError
from wms.core.layout import Layout


@contextlib.contextmanager
def only_run(layout: Layout, *, wait_seconds: float) -> Iterator[None]:
    """Hold the workspace's run lock; the operating system frees it when the process ends.

    Commands take it, and nothing below them does: a run that works through many steps holds it once.

    Raises:
        BusyError: another process holds it after `wait_seconds`.
    """
    lock = FileLock(layout.state / "pipeline.lock", timeout=wait_seconds)
    layout.state.mkdir(parents=True, exist_ok=True)
    try:
        with lock:
            yield
    except Timeout as error:
        raise BusyError(f"another command works on the run in {layout.root}") from error
