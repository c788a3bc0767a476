"""The bucket of Terraform's state: it must be there before Terraform can run, so it is made by hand here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from wms.adapters.aws.session import Aws, asking, bucket_is_there, error_code
from wms.core.errors import ComputeError

OLD_STATES_DAYS = 90
"""How long an overwritten state can be brought back."""


class Setting(NamedTuple):
    """One property of the bucket: S3's call that reads it, the call's argument, and the value."""

    what: str
    call: str
    argument: str
    wanted: Mapping[str, Any]


def settings(bucket: str, tags: dict[str, str]) -> tuple[Setting, ...]:
    """Everything that hardens the bucket; safe to set again."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
    rules = [
        {
            "ID": "everything",
            "Status": "Enabled",
            "Filter": {},
            "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_STATES_DAYS},
        }
    ]
    versioning = {"Status": "Enabled"}
    private = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    sse = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    owner = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
    return (
        Setting("keep overwritten states", "bucket_versioning", "VersioningConfiguration", versioning),
        Setting("encrypt", "bucket_encryption", "ServerSideEncryptionConfiguration", sse),
        Setting("no public access", "public_access_block", "PublicAccessBlockConfiguration", private),
        Setting("no access lists", "bucket_ownership_controls", "OwnershipControls", owner),
        Setting("refuse what comes without TLS", "bucket_policy", "Policy", policy),
        Setting(
            f"drop overwritten states after {OLD_STATES_DAYS} days",
            "bucket_lifecycle_configuration",
            "LifecycleConfiguration",
            {"Rules": rules},
        ),
        Setting("tag", "bucket_tagging", "Tagging", {"TagSet": tag_set}),
    )


def make_state_bucket(
    aws: Aws, bucket: str, *, account: str, tags: dict[str, str], dry_run: bool
) -> list[str]:
    """Make the bucket if it is missing, and set what is not set; return what was (or would be) done.

    Raises:
        ComputeError: it belongs to another account, or S3 refused.
    """
    s3, done = aws.client("s3"), []
    there = _is_there(s3, bucket, account)
    if not there:
        done.append(f"make the bucket {bucket}")
        if not dry_run:
            # S3 wants the oldest region named by silence.
            where = {} if aws.region == "us-east-1" else {"LocationConstraint": aws.region}
            with asking(f"to make the bucket {bucket}"):
                s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
    for setting in settings(bucket, tags):
        if there and _has(s3, bucket, setting, account):
            continue
        done.append(setting.what)
        if not dry_run:
            _set(s3, bucket, setting, account)
    return done


def _is_there(s3: Any, bucket: str, account: str) -> bool:
    with asking(f"for the bucket {bucket}"):
        try:
            return bucket_is_there(s3, bucket, ExpectedBucketOwner=account)
        except ClientError as error:
            if error_code(error) != "403":
                raise
            raise ComputeError(
                f"the bucket {bucket} is not open to account {account}: it is another's, or S3 is denied",
                remedy="Choose another `name` in terraform.tfvars, or ask for s3:ListBucket on it.",
            ) from error


def _has(s3: Any, bucket: str, setting: Setting, account: str) -> bool:
    with asking(f"how the bucket {bucket} is set"):
        try:
            answer = getattr(s3, f"get_{setting.call}")(Bucket=bucket, ExpectedBucketOwner=account)
        except ClientError as error:
            if error_code(error).startswith("NoSuch") or error_code(error).endswith("NotFoundError"):
                return False
            raise
    now = answer.get(setting.argument, answer)
    now = json.loads(now) if isinstance(now, str) else now
    return _holds(now, setting.wanted)


def _holds(now: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; S3 adds words of its own, and orders lists as it likes."""
    if isinstance(wanted, Mapping):
        return isinstance(now, Mapping) and all(_holds(now.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(now, list) and all(any(_holds(one, item) for one in now) for item in wanted)
    return bool(now == wanted)


def _set(s3: Any, bucket: str, setting: Setting, account: str) -> None:
    value = json.dumps(setting.wanted) if setting.argument == "Policy" else setting.wanted
    with asking(f"for the bucket {bucket} to {setting.what}"):
        put = getattr(s3, f"put_{setting.call}")
        put(Bucket=bucket, ExpectedBucketOwner=account, **{setting.argument: value})
