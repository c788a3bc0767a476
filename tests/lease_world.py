"""A small world for the lease: one book, one switch, and processes that are stepped call by call.

The processes run the real steps, the real S3 store and the real watchdog, each in a thread that stands
still at every call to the outside until it is told to go on, and how the call ends. So any interleaving
can be played, with lost answers, writes that arrive late, crashes and clocks that differ.
"""

from __future__ import annotations

import importlib.util
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import ClientError, ReadTimeoutError

from wms.adapters.aws.lease_store import S3LeaseStore
from wms.adapters.aws.session import ATTEMPTS, Aws
from wms.core.cloud_ports import InstanceState, Switched
from wms.core.errors import ComputeError
from wms.core.records.lease_book import SWITCH_LIMIT, LeaseBook

ROOT = Path(__file__).parents[1]
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

Fate = Literal["arrives", "answer is lost", "never arrives", "arrives late"]


def load_program(name: str) -> Any:
    """A program for the instance, as a module."""
    path = str(ROOT / "devops/node" / name)
    spec = importlib.util.spec_from_loader(name, SourceFileLoader(name, path))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


watchdog = load_program("watchdog")


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Write:
    """A write to the book, on its way."""

    body: bytes
    expect: str | None


@dataclass
class World:
    """What is outside of all processes. `now` is the true time."""

    now: datetime = START
    body: bytes | None = None
    version: int = 0
    on: bool = False
    boots: int = 0
    booted_at: datetime = START
    late: list[Write] = field(default_factory=list)
    partitioned: bool = False
    flips: list[Process] = field(default_factory=list)

    @property
    def tag(self) -> str | None:
        return None if self.body is None else f'"{self.version}"'

    def book(self) -> LeaseBook:
        return LeaseBook() if self.body is None else LeaseBook.from_json(self.body, source="the world")

    def write(self, write: Write) -> bool:
        """Whether the write took."""
        if write.expect != self.tag:
            return False
        self.body, self.version = write.body, self.version + 1
        return True

    def start(self) -> None:
        if not self.on:
            self.on, self.boots, self.booted_at = True, self.boots + 1, self.now

    def stop(self, by: Process) -> None:
        if self.on:
            self.on = False
            self.flips.append(by)


class Process:
    """One run of a command or of the watchdog: it stands still at each call until it is stepped.

    `skew` is how far its clock is ahead.
    """

    def __init__(self, world: World, name: str, work: Callable[[Process], Any], *, skew: timedelta) -> None:
        self.world, self.name, self.skew = world, name, skew
        self.result: Any = None
        self.error: Exception | None = None
        self.over = False
        self.waits_for = ""
        self.last_read: LeaseBook | None = None
        self.blind = False
        self._fate: Fate = "arrives"
        self._dead = False
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()
        self._stands.acquire()

    def clock(self) -> datetime:
        return self.world.now + self.skew

    def step(self, fate: Fate = "arrives") -> None:
        """Let the call that it stands at happen, and run it to its next one."""
        if not self.over:
            self._fate = fate
            self._go.release()
            self._stands.acquire()

    def kill(self) -> None:
        self._dead = True
        self.step()

    def call(self, what: str) -> Fate:
        """Stand still; how the call ends is decided when the process is stepped."""
        self.waits_for = what
        self._stands.release()
        self._go.acquire()
        if self._dead:
            raise Killed
        return self._fate

    def sleep(self, _: float) -> None:
        self.call("sleep")

    def _run(self, work: Callable[[Process], Any]) -> None:
        try:
            self.result = work(self)
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001 - the machine looks at it
            self.error = error
        self.over = True
        self._stands.release()


class Switch:
    """`Compute` over the world's one instance."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def state(self) -> InstanceState:
        self._process.call("state")
        return "running" if self._process.world.on else "stopped"

    def up(self) -> Switched:
        self._process.call("up")
        self._process.world.start()
        return Switched()

    def down(self) -> Switched:
        asked_at = self._process.world.now
        self._process.call("down")
        if self._process.world.now - asked_at >= SWITCH_LIMIT:
            raise ComputeError("given up")
        self._process.world.stop(self._process)
        return Switched()


class Line:
    """S3 as boto3's client shows it to one process: answers get lost and writes arrive late."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def get_object(self, **_: str) -> dict[str, Any]:
        if self._process.call("get") != "arrives":
            raise ReadTimeoutError(endpoint_url="s3")
        world = self._process.world
        self._process.last_read = world.book()
        if world.body is None:
            raise _refusal("NoSuchKey", 404)
        return {"Body": io.BytesIO(world.body), "ETag": world.tag}

    def put_object(self, *, Body: bytes, IfMatch: str | None = None, **_: str) -> dict[str, Any]:  # noqa: N803
        """Write once, and as often again as botocore would where no answer comes."""
        world, write = self._process.world, Write(Body, IfMatch)
        for retries in range(ATTEMPTS):
            fate = self._process.call("put")
            if fate == "arrives late":
                world.late.append(write)
            took = world.write(write) if fate in ("arrives", "answer is lost") else False
            if fate == "arrives":
                if not took:
                    raise _refusal("PreconditionFailed", 412, retries)
                return {"ETag": world.tag}
        raise ReadTimeoutError(endpoint_url="s3")


def _refusal(code: str, status: int, retries: int = 0) -> ClientError:
    told = {"HTTPStatusCode": status, "RetryAttempts": retries}
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": told}
    return ClientError(answer, "PutObject")


class Wired(Aws):
    """Clients that all are the line of one process."""

    def __init__(self, process: Process) -> None:
        self.line = Line(process)

    def client(self, service: str) -> Any:
        return self.line


class SteppedStore(S3LeaseStore):
    """The real store over the line of one process."""

    def __init__(self, process: Process) -> None:
        aws = Wired(process)
        super().__init__(lambda: "bucket", "lease/book.json", aws=aws)
        self.line = aws.line


class NodeBook:
    """What the watchdog reads and writes; in a partition it gets no answer."""

    def __init__(self, process: Process, store: SteppedStore) -> None:
        self._process, self._line = process, store.line

    def read(self) -> tuple[dict[str, Any] | None, str | None]:
        if self._process.world.partitioned:
            self._process.blind = True
            raise watchdog.UnreadableError("no answer")
        try:
            answer = self._line.get_object()
        except ClientError:
            return None, None
        except ReadTimeoutError as error:
            self._process.blind = True
            raise watchdog.UnreadableError("no answer") from error
        self._process.blind = False
        return watchdog.json.loads(answer["Body"].read()), answer["ETag"]

    def write(self, book: dict[str, Any], tag: str | None) -> None:
        if self._process.world.partitioned:
            raise watchdog.UnwritableError("no answer")
        body = watchdog.json.dumps(book).encode()
        try:
            self._line.put_object(Body=body, IfMatch=tag)
        except ClientError as error:
            raise watchdog.LostError from error
        except ReadTimeoutError as error:
            raise watchdog.UnwritableError("no answer") from error
