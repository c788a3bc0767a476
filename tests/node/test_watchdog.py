"""The watchdog as the instance runs it: a program with the AWS CLI, a book in S3, and a shutdown."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contract.conftest import Bucket, bucket, nobody_listens, s3_endpoint
from lease_world import watchdog
from wms.adapters.aws.lease_store import S3LeaseStore
from wms.adapters.aws.session import Aws
from wms.cloud import lease as rules
from wms.cloud.lease import acquire
from wms.core.errors import InstanceStoppingError
from wms.core.records import lease_book
from wms.core.records.lease_book import LeaseBook, Stopping
from wms.core.settings.infra import LEASE_BOOK_KEY

__all__ = ["bucket", "nobody_listens", "s3_endpoint"]  # fixtures

NODE = Path(__file__).parents[2] / "devops/node"
MINUTE = timedelta(minutes=1)

pytestmark = [
    pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not on this machine"),
    pytest.mark.usefixtures("quick_aws"),
]


@dataclass
class Node:
    """An instance with the watchdog on it; its boot and its environment are the test's choice."""

    folder: Path
    bucket: Bucket
    up_minutes: float = 60.0
    boot: str = "boot-one"
    environment: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def look(self) -> bool:
        """Run the program once; whether the instance was shut down."""
        log = self.folder / "shutdown.log"
        log.unlink(missing_ok=True)
        done = subprocess.run(
            [str(NODE / "watchdog")],
            env={
                **os.environ,
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "WMS_DATA_BUCKET": self.bucket.name,
                "STATE_DIRECTORY": str(self.folder / "state"),
                "WMS_BOOT_ID": self.boot,
                "WMS_DUMP": str(self.folder / "bin/dump"),
                "WMS_BOOTED_AT": (datetime.now(UTC) - self.up_minutes * MINUTE).isoformat(),
                **self.environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        self.said = done.stderr
        assert done.returncode == 0, done.stderr
        return log.exists() and log.read_text() == "-h now\n"

    def seen_busy_until(self, until: datetime) -> None:
        """As if an earlier look had found this."""
        watchdog.State(self.folder / "state").save(watchdog.Seen(self.boot, until))

    def idle(self, minutes: float = 20) -> None:
        self.seen_busy_until(datetime.now(UTC) - minutes * MINUTE)

    def write(self, book: LeaseBook) -> None:
        self.bucket.write(LEASE_BOOK_KEY, book.to_json())

    @property
    def book(self) -> LeaseBook:
        return LeaseBook.from_json(self.bucket.objects()[LEASE_BOOK_KEY], source="the bucket")


@pytest.fixture
def node(tmp_path: Path, bucket: Bucket) -> Node:
    (tmp_path / "state").mkdir()
    (tmp_path / "bin").mkdir()
    for name, script in {
        "shutdown": f'echo "$@" > "{tmp_path}/shutdown.log"',
        "dump": f'test ! -e "{tmp_path}/shutdown.log" && echo dumped >> "{tmp_path}/dump.log"',
    }.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return Node(tmp_path, bucket)


def book_with(*, until: datetime) -> LeaseBook:
    return acquire(LeaseBook(), holder="run", purpose="test", ttl=2 * MINUTE, now=until - 2 * MINUTE)


@pytest.mark.parametrize("dump", ["false", "/no/such/program"])
def test_a_dump_that_fails_keeps_nothing_running(node: Node, dump: str) -> None:
    node.environment["WMS_DUMP"] = dump
    assert node.look()
    assert "no dump of the database" in node.said


def test_a_dump_that_hangs_keeps_nothing_running_and_nothing_of_it_is_left(node: Node) -> None:
    """What hangs is a child of a child, which holds the output open."""
    (node.folder / "bin/dump").write_text(f'#!/bin/sh\nsleep 600 &\necho $! > "{node.folder}/pid"\nwait\n')
    node.environment["WMS_DUMP_SECONDS"] = "1"
    started = time.monotonic()
    assert node.look()
    assert time.monotonic() - started < 30
    assert "no dump of the database before the shutdown: no answer in 1 s" in node.said
    pid = (node.folder / "pid").read_text().strip()
    assert not Path("/proc", pid).exists() or "(sleep) Z" in Path("/proc", pid, "stat").read_text()


def test_it_shuts_down_ten_minutes_after_the_last_lease_and_says_so_in_the_book_first(node: Node) -> None:
    ended = datetime.now(UTC) - 11 * MINUTE
    node.write(book_with(until=ended))
    node.seen_busy_until(ended)
    assert node.look()
    claim = node.book.stopping
    assert claim is not None
    assert (claim.owner, claim.on_instance) == ("watchdog#boot-one", True)
    assert claim.expires_at - claim.claimed_at == rules.STOP_TTL
    with pytest.raises(InstanceStoppingError):
        acquire(node.book, holder="ann", purpose="test", ttl=MINUTE, now=datetime.now(UTC))
    store = S3LeaseStore(lambda: node.bucket.name, LEASE_BOOK_KEY, aws=Aws("us-east-1"))
    book, tag = store.load()
    store.swap(rules.seen_stopped(book, claim), expect=tag)
    assert store.load()[0].stopping is None


def test_it_waits_ten_minutes_from_when_it_saw_a_lease_released(node: Node) -> None:
    node.write(LeaseBook())
    node.seen_busy_until(datetime.now(UTC) + 60 * MINUTE)
    assert not node.look()
    node.idle(10)
    assert node.look()


def test_an_instance_that_somebody_holds_is_left_alone(node: Node) -> None:
    node.write(book_with(until=datetime.now(UTC) + MINUTE))
    node.idle()
    assert not node.look()
    assert "held until" in node.said
    assert node.book.stopping is None


def test_somebody_elses_stop_is_left_to_them_until_their_claim_is_over(node: Node) -> None:
    now = datetime.now(UTC)
    claim = Stopping(owner="ann#1", claimed_at=now - 15 * MINUTE, expires_at=now)
    node.idle()
    node.write(LeaseBook(stopping=claim))
    assert not node.look()
    assert "ann#1 is stopping the instance" in node.said
    node.write(LeaseBook(stopping=claim.model_copy(update={"expires_at": now - 3 * MINUTE})))
    assert node.look()


def test_everything_else_in_the_book_stays(node: Node) -> None:
    before = LeaseBook(running_since=datetime.now(UTC))
    before = acquire(before, holder="żółw", purpose="test", ttl=MINUTE, now=datetime.now(UTC))
    before = rules.release(before, holder="żółw", now=datetime.now(UTC))
    node.write(before)
    node.idle()
    assert node.look()
    assert node.book.model_copy(update={"stopping": None}) == before


@pytest.mark.parametrize(("minutes_ago", "stops"), [(-5, False), (9, False), (11, True)])
def test_without_s3_it_goes_by_the_expiry_that_it_read_last(
    node: Node, nobody_listens: str, minutes_ago: int, stops: bool
) -> None:
    node.write(book_with(until=datetime.now(UTC) + MINUTE))
    assert not node.look()
    node.idle(minutes_ago)
    node.environment["AWS_ENDPOINT_URL"] = f"http://{nobody_listens}"
    assert node.look() == stops
    assert "cannot be read" in node.said


@pytest.mark.parametrize("case", ["no settings", "no bucket", "no S3", "damaged", "damaged claim"])
def test_without_a_book_it_gives_a_boot_half_an_hour(node: Node, nobody_listens: str, case: str) -> None:
    node.up_minutes = 29.0
    if case == "no settings":
        node.environment["WMS_DATA_BUCKET"] = ""
    elif case == "no bucket":
        node.environment["WMS_DATA_BUCKET"] = "no-such-bucket"
    elif case == "no S3":
        node.environment["AWS_ENDPOINT_URL"] = f"http://{nobody_listens}"
    else:
        damaged = b'{"leases": [{}' if case == "damaged" else b'{"leases": [], "stopping": {"owner": 1}}'
        node.bucket.write(LEASE_BOOK_KEY, damaged)
    assert not node.look()
    node.boot, node.up_minutes = "boot-two", 31.0
    assert node.look()


def test_where_no_book_was_ever_written_it_gives_a_boot_half_an_hour_and_dumps_first(node: Node) -> None:
    node.up_minutes = 29.0
    assert not node.look()
    node.boot, node.up_minutes = "boot-two", 31.0
    assert node.look()
    assert node.book.stopping is not None
    assert (node.folder / "dump.log").read_text() == "dumped\n"


def test_what_an_earlier_boot_saw_does_not_count(node: Node, nobody_listens: str) -> None:
    node.idle(60)
    node.boot, node.up_minutes = "boot-two", 1.0
    node.environment["AWS_ENDPOINT_URL"] = f"http://{nobody_listens}"
    assert not node.look()


def test_a_shutdown_that_fails_is_said_and_tried_again(node: Node) -> None:
    node.write(LeaseBook())
    node.idle()
    node.environment["WMS_SHUTDOWN"] = "false"
    assert not node.look()
    assert "['false'] failed, tried again next time" in node.said
    del node.environment["WMS_SHUTDOWN"]
    assert node.look()


def test_its_times_and_its_key_are_those_of_the_package() -> None:
    assert watchdog.KEY == LEASE_BOOK_KEY
    assert watchdog.STOP_TTL == rules.STOP_TTL
    assert watchdog.CLOCK_TOLERANCE == lease_book.CLOCK_TOLERANCE
    assert watchdog.SWITCH_LIMIT == lease_book.SWITCH_LIMIT
    assert watchdog.IDLE_GRACE > 2 * lease_book.CLOCK_TOLERANCE
