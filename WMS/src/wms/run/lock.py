"""The run lock: one command at a time writes `run/` or changes production."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from filelock import FileLock, Timeout

from wms.core.errors import Code, InputError
from wms.core.layout import Layout


@contextlib.contextmanager
def only_run(layout: Layout, *, wait_seconds: float) -> Iterator[None]:
    """Hold the workspace's run lock; the operating system releases it when the process ends.

    Only commands take it, so a run of many steps takes it once.

    Raises:
        InputError: another process still holds it after `wait_seconds`.
    """
    lock = FileLock(layout.state / "pipeline.lock", timeout=wait_seconds)
    layout.state.mkdir(parents=True, exist_ok=True)
    try:
        with lock:
            yield
    except Timeout as error:
        raise InputError(f"another command works on the run in {layout.root}", Code.BUSY) from error
