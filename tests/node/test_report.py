"""The node's report as the node writes it: a program with the AWS CLI, S3 and Parameter Store on moto."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from contract.conftest import Bucket, bucket, nobody_listens, s3_endpoint
from servers import administrator, answering
from wms.core.records.node import ARTIFACTS, NodeReport
from wms.core.settings.infra import NODE_REPORT_KEY

__all__ = ["bucket", "nobody_listens", "s3_endpoint"]  # fixtures

PROGRAM = Path(__file__).parents[2] / "devops/node/report"
PASSWORD = "a-password-of-the-node"
NAME = "wms-report-test"

pytestmark = [
    pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not on this machine"),
    pytest.mark.usefixtures("quick_aws"),
]


@dataclass
class Node:
    """A node; its environment is the test's choice."""

    bucket: Bucket
    environment: dict[str, str]
    said: str = ""

    def run(self, *words: str) -> int:
        """Run the program; its exit code."""
        done = subprocess.run(
            [str(PROGRAM), *words],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        self.said = done.stdout + done.stderr
        return done.returncode

    def reports(self, *words: str) -> NodeReport:
        """Run the program, and read what it wrote as `wms infra up` does."""
        assert self.run(*words) == 0, self.said
        return NodeReport.from_json(self.bucket.objects()[NODE_REPORT_KEY], source="the bucket")


def keep_password(password: str) -> None:
    name = f"/{NAME}/mlflow/admin-password"
    boto3.client("ssm").put_parameter(Name=name, Value=password, Type="SecureString", Overwrite=True)


@pytest.fixture
def node(tmp_path: Path, bucket: Bucket) -> Iterator[Node]:
    keep_password(PASSWORD)
    boto3.client("s3").create_bucket(Bucket=f"{bucket.name}-artifacts")
    (tmp_path / "RELEASE").write_text("0123456789abcdef\n")

    def mlflow(path: str, who: str | None) -> int:
        return 200 if who == administrator(PASSWORD) else 401

    with answering(mlflow, body=b"3.17.2") as port:
        yield Node(
            bucket,
            {
                "WMS_NAME": NAME,
                "WMS_DATA_BUCKET": bucket.name,
                "WMS_ARTIFACTS_BUCKET": f"{bucket.name}-artifacts",
                "WMS_ROOT": str(tmp_path),
                "WMS_MLFLOW_ADDRESS": f"http://127.0.0.1:{port}",
                "WMS_BOOT_ID": "boot-one",
            },
        )


def test_a_node_on_which_all_works_says_so_and_leaves_neither_probes_nor_its_password(node: Node) -> None:
    report = node.reports("ready")
    assert (report.stage, report.boot_id, report.refused) == ("ready", "boot-one", ())
    assert [check.what for check in report.checks] == ["data bucket", ARTIFACTS, "Parameter Store", "MLflow"]
    assert (report.versions["mlflow"], report.versions["release"]) == ("3.17.2", "0123456789abcdef")
    assert timedelta() < report.reported_at - report.booted_at
    assert datetime.now(UTC) - report.reported_at < timedelta(minutes=5)
    assert PASSWORD not in node.said
    assert PASSWORD.encode() not in node.bucket.objects()[NODE_REPORT_KEY]
    probed = boto3.client("s3").list_objects_v2(Bucket=node.environment["WMS_ARTIFACTS_BUCKET"])
    assert probed["KeyCount"] == 0


def test_while_it_boots_mlflow_is_not_asked_and_the_password_may_be_missing(node: Node) -> None:
    node.environment["WMS_NAME"] = "wms-never-booted"
    report = node.reports("booting")
    assert (report.stage, report.refused) == ("booting", ())
    assert report.checks[-1].result == "answers; there is no password yet"


def test_a_bucket_that_refuses_is_an_answer(node: Node) -> None:
    node.environment["WMS_ARTIFACTS_BUCKET"] = "no-such-bucket"
    report = node.reports("ready")
    (refused,) = report.refused
    assert (refused.what, "NoSuchBucket" in refused.result) == (ARTIFACTS, True)
    assert report.needed == ()


@pytest.mark.parametrize("case", ["away", "another password"])
def test_an_mlflow_that_lets_nobody_in_is_an_answer(node: Node, nobody_listens: str, case: str) -> None:
    if case == "away":
        node.environment["WMS_MLFLOW_ADDRESS"] = f"http://{nobody_listens}"
    else:
        keep_password("other")
    report = node.reports("ready")
    assert [check.what for check in report.needed] == ["MLflow"]


def test_a_boot_that_gave_up_or_waits_says_why(node: Node) -> None:
    report = node.reports("failed", "the data volume", "did not appear")
    assert (report.stage, report.why) == ("failed", "the data volume did not appear")
    report = node.reports("booting", "waiting for the image")
    assert (report.stage, report.why) == ("booting", "waiting for the image")


def test_it_says_when_the_newest_dump_was_stored(node: Node) -> None:
    assert node.reports("booting").dumped_at is None
    node.bucket.write("backup/mlflow.dump", b"a dump")
    dumped_at = node.reports("booting").dumped_at
    assert dumped_at is not None
    assert abs(datetime.now(UTC) - dumped_at) < timedelta(minutes=1)


def test_a_report_that_cannot_be_written_is_said_on_the_node(node: Node) -> None:
    node.environment["WMS_DATA_BUCKET"] = "no-such-bucket"
    assert node.run("booting") == 1
    assert "could not be written" in node.said


@pytest.mark.parametrize("words", [(), ("perhaps",)])
def test_other_words_are_refused(node: Node, words: tuple[str, ...]) -> None:
    assert node.run(*words) == 2
    assert NODE_REPORT_KEY not in node.bucket.objects()
