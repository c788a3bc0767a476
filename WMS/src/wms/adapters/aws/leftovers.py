"""What AWS still holds of an environment, and the emptying of its buckets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from wms.adapters.aws.ec2 import Ec2
from wms.adapters.aws.session import Aws, asking, bucket_is_there, error_code
from wms.core.errors import ComputeError
from wms.core.records.leftover import Leftover

GIB = 2**30


def leftovers(aws: Aws, *, project: str, buckets: Sequence[str]) -> tuple[Leftover, ...]:
    """Everything that is tagged `Project` = `project` and can cost money, and the buckets that exist.

    Raises:
        ComputeError: AWS could not be asked.
    """
    ec2 = aws.client("ec2")
    mine = [{"Name": "tag:Project", "Values": [project]}]
    with asking(f"what is left of {project}"):
        volumes = ec2.describe_volumes(Filters=mine)["Volumes"]
        snapshots = ec2.describe_snapshots(Filters=mine, OwnerIds=["self"])["Snapshots"]
        addresses = ec2.describe_addresses(Filters=mine)["Addresses"]
    found = [
        Leftover(kind="instance", id=node.id, note=f"{node.type}, {node.state}")
        for node in Ec2(aws).tagged("Project", project)
    ]
    found += [Leftover(kind="volume", id=item["VolumeId"], size_gib=item["Size"]) for item in volumes]
    found += [
        Leftover(kind="snapshot", id=item["SnapshotId"], size_gib=item["VolumeSize"]) for item in snapshots
    ]
    found += [Leftover(kind="address", id=item["PublicIp"]) for item in addresses]
    s3 = aws.client("s3")
    for bucket in buckets:
        sizes = [size for _, _, size in _versions(s3, bucket)]
        with asking(f"for the bucket {bucket}"):
            there = bool(sizes) or bucket_is_there(s3, bucket)
        if there:
            note = f"{len(sizes)} object versions" if sizes else "empty"
            found.append(Leftover(kind="bucket", id=bucket, note=note, size_gib=sum(sizes) / GIB))
    return tuple(found)


def empty_bucket(aws: Aws, bucket: str) -> int:
    """Delete every version of every object; return how many. A bucket that is not there is empty.

    Raises:
        ComputeError: S3 refused, as for a version that is kept by a lock.
    """
    s3 = aws.client("s3")
    found = [{"Key": key, "VersionId": version} for key, version, _ in _versions(s3, bucket)]
    for start in range(0, len(found), 1000):
        with asking(f"to empty the bucket {bucket}"):
            answer = s3.delete_objects(
                Bucket=bucket, Delete={"Objects": found[start : start + 1000], "Quiet": True}
            )
        for refused in answer.get("Errors", []):
            raise ComputeError(f"{bucket}: {refused['Key']} was not deleted: {refused.get('Message', '')}")
    return len(found)


def _versions(s3: Any, bucket: str) -> Iterator[tuple[str, str, int]]:
    """Key, version and size of everything in a bucket, marks of deletion among it."""
    with asking(f"what is in the bucket {bucket}"):
        try:
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for item in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                    yield item["Key"], item["VersionId"], item.get("Size", 0)
        except ClientError as error:
            if error_code(error) != "NoSuchBucket":
                raise
