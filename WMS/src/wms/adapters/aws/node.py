"""The instance's report of itself, in the data bucket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from wms.adapters.aws.ec2 import Ec2
from wms.adapters.aws.session import Aws, asking, read_object
from wms.core.cloud_ports import Node
from wms.core.errors import Code, ComputeError, RecordError
from wms.core.records.node import NodeReport


class AwsNode(Node):
    """`Node` of the instance that is tagged `Name` = `name`.

    Args:
        name: the instance's tag `Name`.
        aws: its account and region.
        bucket: returns the data bucket's name; called when it is needed.
        key: the report's.
    """

    def __init__(self, name: str, *, aws: Aws, bucket: Callable[[], str], key: str) -> None:
        self._name, self._aws, self._bucket, self._key = name, aws, bucket, key

    def started_at(self) -> datetime:
        return Ec2(self._aws).existing(self._name).started_at

    def instance_type(self) -> str | None:
        node = Ec2(self._aws).named(self._name)
        return node.type if node else None

    def report(self) -> NodeReport | None:
        bucket = self._bucket()
        where = f"s3://{bucket}/{self._key}"
        with asking(f"for {where}"):
            found = read_object(self._aws.client("s3"), bucket, self._key)
        if found is None:
            return None
        try:
            return NodeReport.from_json(found[0], source=where)
        except RecordError as error:
            raise ComputeError(
                str(error),
                Code.NODE,
                remedy="Bring the node's release and this code together: `wms infra apply`.",
            ) from error
