"""Runs a step's program as the runner does, and ends it as the runner does."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TRACKING = "RUNNER_TRACKING_ID"
TICK_SECONDS = 0.1
DRAIN_SECONDS = 1.0

Lines = queue.SimpleQueue[str | None]
"""What a program prints; `None` when it will print no more."""


@dataclass(frozen=True, kw_only=True)
class Grace:
    """From SIGINT to SIGTERM, and from there to SIGKILL; the defaults are GitHub's."""

    interrupt_seconds: float = 7.5
    terminate_seconds: float = 2.5


class Stopped(Exception):  # noqa: N818 - an end, not an error
    """The program was ended because the caller's `stop` said so; the message is its reason."""


def run_process(
    argv: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    grace: Grace,
    say: Callable[[str], None],
    stop: Callable[[str | None], str | None],
) -> int:
    """Run a program; its output goes line by line to `say`.

    Args:
        argv: the program and its arguments.
        folder: the working directory.
        env: its whole environment.
        grace: how long it has to end when it is stopped.
        say: takes a line of output.
        stop: asked with each line and, with `None`, ten times a second; a text stops the program.

    Returns:
        The exit status.

    Raises:
        Stopped: it was stopped.
    """
    process = subprocess.Popen(
        argv, cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    lines: Lines = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    try:
        reason = _follow(process, lines, say, stop)
        if reason is not None:
            _end(process, grace)
    except BaseException:
        kill_group(process.pid)
        raise
    # A program left behind in the background may hold the pipe open: what it says later is not waited for.
    reader.join(DRAIN_SECONDS)
    while not lines.empty():
        line = lines.get()
        if line is not None:
            say(line)
    if reason is not None:
        kill_group(process.pid)
        raise Stopped(reason)
    return process.wait()


def _read(process: subprocess.Popen[bytes], lines: Lines) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line.decode(errors="replace").rstrip("\r\n"))
    lines.put(None)


def _follow(
    process: subprocess.Popen[bytes],
    lines: Lines,
    say: Callable[[str], None],
    stop: Callable[[str | None], str | None],
) -> str | None:
    while process.poll() is None:
        try:
            line = lines.get(timeout=TICK_SECONDS)
        except queue.Empty:
            line = None
        else:
            if line is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(TICK_SECONDS)
        if line is not None:
            say(line)
        reason = stop(line)
        if reason is not None:
            return reason
    return None


def _end(process: subprocess.Popen[bytes], grace: Grace) -> None:
    """The runner signals the shell alone; a child that it waits for hears nothing until it is killed."""
    for number, seconds in (
        (signal.SIGINT, grace.interrupt_seconds),
        (signal.SIGTERM, grace.terminate_seconds),
    ):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return
    kill_group(process.pid)
    process.wait()


def kill_group(pid: int) -> None:
    """Kill a step's whole process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def kill_tracked(tracking_id: str) -> None:
    """Kill what a job left running, found by the variable that its environment carries."""
    needle = f"{TRACKING}={tracking_id}".encode()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _carries(path, needle)]
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _carries(process: Path, needle: bytes) -> bool:
    try:
        return needle in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
