"""What an AWS account allows: asked by dry runs and probes, with short timeouts."""

from __future__ import annotations

import json
import uuid
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import TypeAdapter, ValidationError

from wms.domain.cloud import Answer, CallerIdentity, StateLock, answer_of
from wms.domain.errors import CloudError

IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
"""Amazon's own name for the newest Amazon Linux 2023."""

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 5, 10, 2

PROBE = "probe/"
"""Where probes are written in a bucket; each has a name of its own and is removed again."""


class AwsAccount:
    """The account that the environment's credentials belong to, in one region."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._client = cache(self._make_client)
        self.identity = cache(self._identity)

    def account_id(self) -> str:
        """The account's number."""
        return self.identity().account

    def may_launch(self, instance_type: str, *, project: str) -> Answer:
        """Whether an instance of this type could be started, by a dry run in the project's subnet."""
        try:
            image = self._client("ssm").get_parameter(Name=IMAGE_PARAMETER)["Parameter"]["Value"]
            mine = [{"Name": "tag:Project", "Values": [project]}]
            subnets = self._client("ec2").describe_subnets(Filters=mine)["Subnets"]
            where = {"SubnetId": subnets[0]["SubnetId"]} if subnets else {}
            self._client("ec2").run_instances(
                ImageId=image, InstanceType=instance_type, MinCount=1, MaxCount=1, DryRun=True, **where
            )
        except ClientError as error:
            return _answer(error)
        except BotoCoreError as error:
            raise CloudError(f"EC2 could not be asked: {error}") from error
        raise CloudError(f"EC2 answered a dry run of {instance_type} as if it had started one")

    def may_use_bucket(self, bucket: str) -> Answer:
        """Whether an object can be written, read and deleted, by doing so."""
        s3, key = self._client("s3"), f"{PROBE}{uuid.uuid4().hex}"
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=b"probe")
            s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            s3.delete_object(Bucket=bucket, Key=key)
        except ClientError as error:
            answer = _answer(error)
            return answer.model_copy(update={"detail": f"{error.operation_name}: {answer.detail}"})
        except BotoCoreError as error:
            raise CloudError(f"S3 could not be asked: {error}") from error
        return Answer(verdict="allowed")

    def state_lock(self, bucket: str, key: str) -> StateLock | None:
        """Who holds a Terraform state; nobody where the bucket answers that there is no lock.

        Raises:
            CloudError: the bucket cannot be asked.
        """
        s3 = self._client("s3")
        try:
            s3.head_bucket(Bucket=bucket)
            text = s3.get_object(Bucket=bucket, Key=f"{key}.tflock")["Body"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchKey":
                return None
            missing = code in ("404", "NoSuchBucket")
            raise CloudError(
                f"the state bucket {bucket} {'is not there' if missing else f'refuses: {error}'}",
                remedy="Make it once for each account; see the runbook." if missing else None,
            ) from error
        except BotoCoreError as error:
            raise CloudError(f"S3 could not be asked: {error}") from error
        return _lock(text)

    def _identity(self) -> CallerIdentity:
        try:
            who = self._client("sts").get_caller_identity()
            credentials = boto3.Session().get_credentials()
        except (ClientError, BotoCoreError) as error:
            raise CloudError(f"AWS does not say whose credentials these are: {error}") from error
        temporary = credentials is not None and bool(credentials.token)
        return CallerIdentity(account=who["Account"], arn=who["Arn"], temporary=temporary)

    def _make_client(self, service: str) -> Any:
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        )
        return boto3.Session(region_name=self._region).client(service, config=config)


def _answer(error: ClientError) -> Answer:
    return answer_of(error.response["Error"]["Code"], error.response["Error"].get("Message", ""))


def _lock(text: bytes) -> StateLock:
    """Terraform's lock is JSON with `Who`, `Operation` and `Created`; one that is not is a lock too."""
    try:
        raw = json.loads(text)
        fields = {"who": raw["Who"], "operation": raw["Operation"], "created": raw["Created"]}
        return TypeAdapter(StateLock).validate_python(fields)
    except (ValueError, KeyError, TypeError, ValidationError):
        return StateLock(who="somebody", operation="something", created=None)
