"""What the account allows: buckets and state on moto's server, instance types on a fake that says no."""

from __future__ import annotations

import json

import boto3
import pytest

from contract.conftest import Bucket
from fakes.ec2 import fake_ec2
from wms.adapters.aws.account import AwsAccount
from wms.adapters.aws.session import Aws
from wms.core.errors import CloudError

pytestmark = pytest.mark.usefixtures("bucket")


@pytest.fixture
def account() -> AwsAccount:
    return AwsAccount(Aws("us-east-1"))


def test_keys_without_a_session_token_are_not_temporary(
    account: AwsAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = account.identity()
    assert (who.account, who.temporary) == ("123456789012", False)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    assert AwsAccount(Aws("us-east-1")).identity().temporary


def test_a_bucket_that_can_be_used_is_left_empty(account: AwsAccount, bucket: Bucket) -> None:
    assert account.may_use_bucket(bucket.name).verdict == "allowed"
    assert bucket.objects() == {}


def test_a_bucket_that_is_not_there_is_not_to_be_had(account: AwsAccount) -> None:
    answer = account.may_use_bucket("no-such-bucket")
    assert answer.verdict == "unavailable"
    assert "PutObject: NoSuchBucket" in answer.detail


def test_a_state_is_free_until_there_is_a_lock_which_says_who_holds_it(
    account: AwsAccount, bucket: Bucket
) -> None:
    assert account.state_lock(bucket.name, "stack/terraform.tfstate") == ""
    lock = {"Who": "ann@laptop", "Operation": "OperationTypeApply", "Created": "2026-11-23T08:00:00.5Z"}
    bucket.write("stack/terraform.tfstate.tflock", json.dumps(lock).encode())
    held = account.state_lock(bucket.name, "stack/terraform.tfstate")
    assert held == "ann@laptop since 2026-11-23T08:00:00.5Z, for OperationTypeApply"
    assert account.state_lock(bucket.name, "power/terraform.tfstate") == ""
    bucket.write("stack/terraform.tfstate.tflock", b"")
    assert account.state_lock(bucket.name, "stack/terraform.tfstate") == "somebody"


def test_a_state_bucket_that_is_not_there_is_an_error_and_not_a_free_state(account: AwsAccount) -> None:
    with pytest.raises(CloudError, match="no-such-bucket is not there"):
        account.state_lock("no-such-bucket", "stack/terraform.tfstate")


def test_moto_allows_a_dry_run_in_the_projects_subnet_and_starts_nothing(account: AwsAccount) -> None:
    before = boto3.client("ec2").describe_instances()["Reservations"]
    assert account.may_launch("t3.large", project="wms-dev").verdict == "allowed"
    assert boto3.client("ec2").describe_instances()["Reservations"] == before


def test_a_start_is_asked_of_the_instance_that_is_there_and_not_done(account: AwsAccount) -> None:
    assert account.may_start("wms-dev-node") is None
    ec2 = boto3.client("ec2")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "wms-dev-node"}]}]
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=tags)
    node = made["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[node])
    try:
        answer = account.may_start("wms-dev-node")
        assert (answer and answer.verdict) == "allowed"
        found = ec2.describe_instances(InstanceIds=[node])["Reservations"][0]["Instances"][0]
        assert found["State"]["Name"] == "stopped"
    finally:
        ec2.terminate_instances(InstanceIds=[node])


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("allowed", "allowed"),
        ("explicit deny", "explicit deny"),
        ("no permission", "no permission"),
        ("quota", "unavailable"),
    ],
)
def test_refusals_of_a_type_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, answer: str, verdict: str
) -> None:
    with fake_ec2({"t3.large": answer}) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        told = AwsAccount(Aws("us-east-1")).may_launch("t3.large", project="wms-dev")
    assert told.verdict == verdict


def test_an_account_that_cannot_be_reached_is_an_error(
    monkeypatch: pytest.MonkeyPatch, nobody_listens: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{nobody_listens}")
    account = AwsAccount(Aws("us-east-1"))
    for question in (
        account.identity,
        lambda: account.may_use_bucket("b"),
        lambda: account.may_start("n"),
        lambda: account.may_launch("t3.large", project="p"),
        lambda: account.state_lock("b", "k"),
    ):
        with pytest.raises(CloudError):
            question()
