"""The outside systems that contract suites run against, each started at most once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from clouds import enter_cloud, moto_serving
from servers import free_port, mlflow_serving
from wms.adapters.git.repository import GitRepository
from wms.adapters.git.workspace import init_repository
from wms.cloud.lease import acquire
from wms.core.ports import Repository
from wms.core.records.lease_book import LeaseBook


def git(folder: Path, *arguments: str, stdin: bytes | None = None) -> str:
    """Git as a user runs it, to look at what an adapter did."""
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@users.noreply.invalid")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, input=stdin, capture_output=True, check=True
    )
    return done.stdout.decode().rstrip("\n")


@pytest.fixture(name="git")
def git_command() -> Callable[..., str]:
    return git


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return tmp_path / "my remote żółw.git"


@pytest.fixture
def clone(tmp_path: Path, remote: Path, git: Callable[..., str]) -> Path:
    """A clone with a surprising configuration; what works there works in a plain one."""
    root = tmp_path / "my clone żółw"
    files = {"README.md": b"hello\n", "data/one.txt": b"1\r\n", "data/deep/two.txt": b"2\n"}
    init_repository(root, remote, files, message="First")
    hook = root / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    for key, value in {
        "core.autocrlf": "true",
        "commit.gpgSign": "true",
        "push.followTags": "true",
        "log.showSignature": "true",
        "core.quotePath": "true",
        "color.ui": "always",
        "remote.origin.fetch": "+refs/heads/nothing:refs/remotes/origin/nothing",
    }.items():
        git(root, "config", key, value)
    return root


@pytest.fixture
def repository(clone: Path) -> Repository:
    return GitRepository(clone)


@pytest.fixture
def first(repository: Repository) -> str:
    sha = repository.head("main")
    assert sha is not None
    return sha


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS is asked as often as anywhere, and again at once."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)


@pytest.fixture
def nobody_listens() -> str:
    """An address that refuses connections."""
    return f"127.0.0.1:{free_port()}"


def book_of(*holders: str) -> LeaseBook:
    """A lease book in which each of these holds the instance."""
    book, now = LeaseBook(), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    for holder in holders:
        book = acquire(book, holder=holder, purpose="test", ttl=timedelta(hours=1), now=now)
    return book


@dataclass(frozen=True)
class Bucket:
    """A bucket of an S3 server on this machine."""

    endpoint: str
    name: str

    def objects(self) -> dict[str, bytes]:
        client = self._client()
        listed = client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {
            item["Key"]: client.get_object(Bucket=self.name, Key=item["Key"])["Body"].read()
            for item in listed
        }

    def write(self, key: str, data: bytes) -> None:
        self._client().put_object(Bucket=self.name, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self._client().delete_object(Bucket=self.name, Key=key)

    def create(self) -> None:
        self._client().create_bucket(Bucket=self.name)

    def _client(self):  # type: ignore[no-untyped-def]
        return boto3.client("s3", endpoint_url=self.endpoint)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with moto_serving() as address:
        yield address


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    """An empty bucket, found and opened by nothing but the environment."""
    enter_cloud(monkeypatch, s3_endpoint)
    made = Bucket(s3_endpoint, tmp_path.name.replace("_", "-").lower()[:60].strip("-"))
    made.create()
    return made


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real `mlflow server`; it answers API calls once this returns."""
    with mlflow_serving(tmp_path_factory.mktemp("mlflow-server"), free_port()) as address:
        yield address
