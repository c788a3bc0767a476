"""What every `LeaseStore` does."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contract.conftest import book_of
from wms.adapters.aws.lease_store import S3LeaseStore
from wms.adapters.aws.session import Aws
from wms.adapters.local.instance import LocalLeaseStore
from wms.core.cloud_ports import LeaseStore
from wms.core.errors import LeaseConflictError, LeaseError
from wms.core.records.lease_book import LeaseBook


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state/leases.json"


@pytest.fixture(params=["local file", "S3"])
def store(request: pytest.FixtureRequest, path: Path) -> LeaseStore:
    if request.param == "local file":
        return LocalLeaseStore(path)
    bucket = request.getfixturevalue("bucket")
    return S3LeaseStore(lambda: bucket.name, "lease/book.json", aws=Aws("us-east-1"))


def test_a_book_that_was_never_written_is_empty_and_has_no_tag(store: LeaseStore) -> None:
    assert store.load() == (LeaseBook(), None)


def test_a_swap_replaces_the_book_only_with_its_latest_tag(store: LeaseStore) -> None:
    old = store.swap(book_of("a"), expect=None)
    assert store.load() == (book_of("a"), old)
    newer = store.swap(book_of("a", "b"), expect=old)
    assert newer != old
    for stale in (old, None):
        with pytest.raises(LeaseConflictError):
            store.swap(book_of("c"), expect=stale)
    assert store.load() == (book_of("a", "b"), newer)


def test_of_many_swaps_at_once_one_wins(store: LeaseStore) -> None:
    tag = store.swap(book_of("start"), expect=None)
    start = threading.Barrier(8)

    def swap(number: int) -> bool:
        start.wait()
        try:
            store.swap(book_of(f"holder-{number}"), expect=tag)
        except LeaseConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(swap, range(8)))
    assert won.count(True) == 1
    assert store.load()[0] == book_of(f"holder-{won.index(True)}")


SWAP_ALONE = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from wms.adapters.local.instance import LocalLeaseStore
from wms.core.errors import LeaseConflictError
from wms.cloud.lease import acquire
from wms.core.records.lease_book import LeaseBook

now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
book = acquire(LeaseBook(), holder=sys.argv[2], purpose="test", ttl=timedelta(hours=1), now=now)
store = LocalLeaseStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
try:
    store.swap(book, expect=None)
except LeaseConflictError:
    print("lost")
else:
    print("won")
"""


def test_of_two_processes_that_swap_a_local_file_one_wins(path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SWAP_ALONE, str(path), holder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for holder in ("a", "b")
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate()[0].strip() for process in processes]
    assert sorted(answers) == ["lost", "won"]


def test_a_damaged_local_book_is_an_error_and_not_an_empty_book(path: Path) -> None:
    store = LocalLeaseStore(path)
    store.swap(book_of("a"), expect=None)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(LeaseError):
        store.load()
    with pytest.raises(LeaseError):
        store.swap(book_of("b"), expect=None)


def test_a_local_folder_that_cannot_be_made_is_an_error(path: Path) -> None:
    path.parent.write_text("a file in the way")
    with pytest.raises(LeaseError):
        LocalLeaseStore(path).swap(book_of("a"), expect=None)
