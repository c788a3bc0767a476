"""The lease book in S3: answers that are lost, refusals, and what is not there."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from contract.conftest import Bucket, book_of
from wms.adapters.aws.lease_store import S3LeaseStore
from wms.adapters.aws.session import ATTEMPTS, Aws
from wms.core.errors import LeaseConflictError, LeaseError

KEY = "lease/book.json"


class LossyLine:
    """A proxy in front of S3 that passes requests on and, when told, keeps the answer to a write back.

    `meanwhile` runs after each write whose answer is lost.
    """

    def __init__(self, upstream: str) -> None:
        self.losses = 0
        self.status = 0
        self.writes = 0
        self.meanwhile: Callable[[], object] = lambda: None
        line, host = self, urlsplit(upstream).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(host, timeout=20)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                if self.command == "PUT":
                    line.writes += 1
                    if line.losses:
                        line.losses -= 1
                        line.meanwhile()
                        if not line.status:
                            self.close_connection = True
                            return
                        answer.status, data = line.status, b""
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                self._pass()

            do_PUT = do_GET  # noqa: N815 - http.server's name

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def line(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[LossyLine]:
    proxy = LossyLine(bucket.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.address)
    yield proxy
    proxy.close()


def open_store(bucket: Bucket) -> S3LeaseStore:
    return S3LeaseStore(lambda: bucket.name, KEY, aws=Aws("us-east-1"))


@pytest.fixture
def store(bucket: Bucket, line: LossyLine) -> S3LeaseStore:
    return open_store(bucket)


@pytest.mark.parametrize("status", [0, 500, 503], ids=["no-answer", "500", "503"])
def test_a_write_whose_answer_was_lost_is_known_as_our_own(
    store: S3LeaseStore, line: LossyLine, status: int
) -> None:
    line.losses, line.status = 1, status
    tag = store.swap(book_of("a"), expect=None)
    assert store.load() == (book_of("a"), tag)
    line.losses = 2
    newer = store.swap(book_of("a", "b"), expect=tag)
    assert store.load() == (book_of("a", "b"), newer)


def test_a_write_after_ours_was_lost_is_a_conflict_and_nobody_is_overwritten(
    bucket: Bucket, store: S3LeaseStore, line: LossyLine
) -> None:
    def another_writes() -> None:
        bucket.write(KEY, book_of("a", "other").to_json())

    line.losses, line.meanwhile = 1, another_writes
    with pytest.raises(LeaseConflictError):
        store.swap(book_of("a"), expect=None)
    assert store.load()[0] == book_of("a", "other")


def test_a_refusal_of_the_first_attempt_is_a_conflict_though_the_bytes_are_the_same(
    bucket: Bucket, store: S3LeaseStore
) -> None:
    bucket.write(KEY, book_of("a").to_json())
    with pytest.raises(LeaseConflictError):
        store.swap(book_of("a"), expect=None)


def test_attempts_are_bounded_and_the_doubt_is_said(store: S3LeaseStore, line: LossyLine) -> None:
    line.losses, line.status = 1000, 500
    with pytest.raises(LeaseError, match="may not have been written"):
        # A tag that nothing has: the server refuses each time, and each refusal is lost.
        store.swap(book_of("a"), expect='"0"')
    assert line.writes == ATTEMPTS


def test_a_book_that_was_deleted_meanwhile_is_a_conflict(bucket: Bucket, store: S3LeaseStore) -> None:
    tag = store.swap(book_of("a"), expect=None)
    bucket.delete(KEY)
    with pytest.raises(LeaseConflictError):
        store.swap(book_of("b"), expect=tag)


def test_a_bucket_that_is_not_there_is_an_error_and_not_an_empty_book(bucket: Bucket) -> None:
    store = S3LeaseStore(lambda: f"{bucket.name}-other", KEY, aws=Aws("us-east-1"))
    with pytest.raises(LeaseError, match="NoSuchBucket"):
        store.load()


def test_a_damaged_book_is_an_error_and_not_an_empty_book(bucket: Bucket, store: S3LeaseStore) -> None:
    bucket.write(KEY, b"{")
    with pytest.raises(LeaseError, match="not a valid LeaseBook"):
        store.load()


def test_a_server_that_is_away_is_an_error(
    bucket: Bucket, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{nobody_listens}")
    with pytest.raises(LeaseError, match="cannot be read"):
        open_store(bucket).load()
    with pytest.raises(LeaseError, match="may not have been written"):
        open_store(bucket).swap(book_of("a"), expect=None)
