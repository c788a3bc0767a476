"""The bucket of Terraform's state, on moto's S3."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clouds import Cloud
from wms.adapters.aws.session import Aws
from wms.adapters.aws.state_bucket import make_state_bucket, settings
from wms.core.errors import ComputeError

ACCOUNT = "123456789012"
TAGS = {"Project": "wms", "ManagedBy": "wms"}


def make(
    bucket: str, *, account: str = ACCOUNT, dry_run: bool = False, region: str = "us-east-1"
) -> list[str]:
    return make_state_bucket(Aws(region), bucket, account=account, tags=TAGS, dry_run=dry_run)


def test_a_bucket_gets_all_that_protects_it_and_later_only_what_is_missing(account: Cloud) -> None:
    bucket = f"{account.name}-new"
    done = make(bucket)
    assert done[0] == f"make the bucket {bucket}"
    s3 = account.client("s3")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    [statement] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert controls[0]["ObjectOwnership"] == "BucketOwnerEnforced"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["Status"] == "Enabled"

    assert make(bucket) == []
    s3.delete_bucket_policy(Bucket=bucket)
    assert make(bucket) == ["refuse what comes without TLS"]


def test_a_dry_run_makes_nothing(account: Cloud) -> None:
    bucket = f"{account.name}-new"
    assert len(make(bucket, dry_run=True)) == 1 + len(settings(bucket, TAGS))
    assert bucket not in {item["Name"] for item in account.client("s3").list_buckets()["Buckets"]}


def test_another_region_is_named(account: Cloud) -> None:
    bucket = f"{account.name}-far"
    make(bucket, region="eu-central-1")
    where = account.client("s3").get_bucket_location(Bucket=bucket)["LocationConstraint"]
    assert where == "eu-central-1"


def test_the_command_makes_the_environments_bucket(wms, account: Cloud, workspace: Path) -> None:  # type: ignore[no-untyped-def]
    account.client("s3").delete_bucket(Bucket=account.bucket)
    assert f"would make the bucket {account.bucket}" in wms("bootstrap", "--dry-run").output
    wms("bootstrap")
    assert account.client("s3").head_bucket(Bucket=account.bucket)


def test_a_bucket_of_another_account_is_refused(account: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    class Foreign:
        def head_bucket(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")

    monkeypatch.setattr(Aws, "client", lambda *_: Foreign())
    with pytest.raises(ComputeError, match="is not open to account"):
        make("somebodys")
