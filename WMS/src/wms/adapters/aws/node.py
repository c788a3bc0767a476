"""The instance's report of itself, in the data bucket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from botocore.exceptions import ClientError

from wms.adapters.aws.ec2 import Ec2
from wms.adapters.aws.session import Aws, asking, error_code
from wms.core.errors import Code, ComputeError, RecordError
from wms.core.records.node import NodeReport


class AwsNode:
    """The instance that is tagged `Name` = `name`.

    Args:
        name: the instance's tag `Name`.
        aws: its account and region.
        bucket: answers the data bucket's name; asked when it is needed.
        key: the report's.
    """

    def __init__(self, name: str, *, aws: Aws, bucket: Callable[[], str], key: str) -> None:
        self._name, self._aws, self._bucket, self._key = name, aws, bucket, key

    def started_at(self) -> datetime:
        """When EC2 last started it."""
        node = Ec2(self._aws).named(self._name)
        if node is None:
            raise ComputeError(
                f"there is no instance named {self._name} in {self._aws.region}", Code.WRONG_INSTANCE
            )
        return node.started_at

    def instance_type(self) -> str | None:
        """The type that it has; `None` where there is no instance."""
        node = Ec2(self._aws).named(self._name)
        return node.type if node else None

    def report(self) -> NodeReport | None:
        """What it wrote last; `None` if it never wrote."""
        where = f"s3://{self._bucket()}/{self._key}"
        with asking(f"for {where}"):
            try:
                body = self._aws.client("s3").get_object(Bucket=self._bucket(), Key=self._key)["Body"].read()
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    return None
                raise
        try:
            return NodeReport.from_json(body, source=where)
        except RecordError as error:
            raise ComputeError(
                str(error),
                Code.NODE,
                remedy="Bring the node's release and this code together: `wms infra apply`.",
            ) from error
