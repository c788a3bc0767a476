"""What an AWS account allows: asked by dry runs and probes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from functools import cached_property

from botocore.exceptions import BotoCoreError, ClientError

from wms.adapters.aws.ec2 import Ec2
from wms.adapters.aws.session import DENIED, Aws, error_code, error_message, read_object
from wms.core.cloud_ports import CloudAccount
from wms.core.errors import CloudError, ComputeError
from wms.core.records.cloud import Answer, CallerIdentity

IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
"""Amazon's own name for the newest Amazon Linux 2023."""

PROBE = "probe/"
"""Where probes are written in a bucket; each has a name of its own and is removed again."""


class AwsAccount(CloudAccount):
    """`CloudAccount`: the account that the environment's credentials belong to, in one region."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def identity(self) -> CallerIdentity:
        return self._identity

    def may_start(self, name: str) -> Answer | None:
        try:
            node = Ec2(self._aws).named(name)
        except ComputeError as error:
            raise CloudError(str(error), remedy=error.remedy) from error
        if node is None:
            return None
        ec2 = self._aws.client("ec2")
        return _answer(lambda: ec2.start_instances(InstanceIds=[node.id], DryRun=True))

    def may_launch(self, instance_type: str, *, project: str) -> Answer:
        ec2, ssm = self._aws.client("ec2"), self._aws.client("ssm")

        def launch() -> None:
            image = ssm.get_parameter(Name=IMAGE_PARAMETER)["Parameter"]["Value"]
            mine = [{"Name": "tag:Project", "Values": [project]}]
            subnets = ec2.describe_subnets(Filters=mine)["Subnets"]
            where = {"SubnetId": subnets[0]["SubnetId"]} if subnets else {}
            ec2.run_instances(
                ImageId=image, InstanceType=instance_type, MinCount=1, MaxCount=1, DryRun=True, **where
            )

        return _answer(launch)

    def may_use_bucket(self, bucket: str) -> Answer:
        s3, key = self._aws.client("s3"), f"{PROBE}{uuid.uuid4().hex}"

        def use() -> None:
            s3.put_object(Bucket=bucket, Key=key, Body=b"probe")
            s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            s3.delete_object(Bucket=bucket, Key=key)

        return _answer(use)

    def state_lock(self, bucket: str, key: str) -> str:
        s3 = self._aws.client("s3")
        try:
            s3.head_bucket(Bucket=bucket)
            lock = read_object(s3, bucket, f"{key}.tflock")
        except ClientError as error:
            missing = error_code(error) in ("404", "NoSuchBucket")
            raise CloudError(
                f"the state bucket {bucket} {'is not there' if missing else f'refuses: {error}'}",
                remedy="Make it with `wms infra bootstrap`." if missing else None,
            ) from error
        except BotoCoreError as error:
            raise CloudError(f"S3 could not be asked: {error}") from error
        return "" if lock is None else _holder(lock[0])

    @cached_property
    def _identity(self) -> CallerIdentity:
        try:
            who = self._aws.client("sts").get_caller_identity()
            temporary = self._aws.temporary()
        except (ClientError, BotoCoreError) as error:
            raise CloudError(f"AWS does not say whose credentials these are: {error}") from error
        return CallerIdentity(account=who["Account"], arn=who["Arn"], temporary=temporary)


def _answer(question: Callable[[], object]) -> Answer:
    """AWS's answer to calls; a dry run that would have succeeded is an error of its own."""
    try:
        question()
    except ClientError as error:
        code, message = error_code(error), error_message(error)
        if code == "DryRunOperation":
            return Answer(verdict="allowed")
        detail = f"{error.operation_name}: {code}: {message}".rstrip(": ")
        if code not in DENIED:
            return Answer(verdict="unavailable", detail=detail)
        denied = "with an explicit deny" in message
        return Answer(verdict="explicit deny" if denied else "no permission", detail=detail)
    except BotoCoreError as error:
        raise CloudError(f"AWS could not be asked: {error}") from error
    return Answer(verdict="allowed")


def _holder(lock: bytes) -> str:
    """Terraform's lock is JSON with `Who`, `Created` and `Operation`; one that is not is a lock too."""
    try:
        raw = json.loads(lock)
        return f"{raw['Who']} since {raw['Created']}, for {raw['Operation']}"
    except (ValueError, KeyError, TypeError):
        return "somebody"
