"""The instance's report of itself, in the data bucket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from wms.adapters.aws.ec2 import Ec2
from wms.adapters.aws.session import Aws, asking, read_object
from wms.core.cloud_ports import Node
from wms.core.errors import Code, ComputeError, RecordError
from wms.core.records.base import Record
from wms.core.records.deployment import NodeDeployment, WantedModel
from wms.core.records.node import NodeReport
from wms.core.settings.infra import DEPLOYED_KEY, NODE_REPORT_KEY, WANTED_KEY

R = TypeVar("R", bound=Record)


class AwsNode(Node):
    """`Node` of the instance that is tagged `Name` = `name`.

    Args:
        name: the instance's tag `Name`.
        aws: its account and region.
        bucket: returns the data bucket's name; called when it is needed.
    """

    def __init__(self, name: str, *, aws: Aws, bucket: Callable[[], str]) -> None:
        self._name, self._aws, self._bucket = name, aws, bucket

    def started_at(self) -> datetime:
        return Ec2(self._aws).existing(self._name).started_at

    def instance_type(self) -> str | None:
        node = Ec2(self._aws).named(self._name)
        return node.type if node else None

    def report(self) -> NodeReport | None:
        return self._read(NODE_REPORT_KEY, NodeReport)

    def wanted(self) -> WantedModel | None:
        return self._read(WANTED_KEY, WantedModel)

    def want(self, wanted: WantedModel, folder: Path) -> None:
        s3, bucket = self._aws.client("s3"), self._bucket()
        for name, file in wanted.files.items():
            with asking(f"to store s3://{bucket}/{file.key}"):
                s3.put_object(Bucket=bucket, Key=file.key, Body=(folder / name).read_bytes())
        with asking(f"to store s3://{bucket}/{WANTED_KEY}"):
            s3.put_object(
                Bucket=bucket, Key=WANTED_KEY, Body=wanted.to_json(), ContentType="application/json"
            )

    def deployed(self) -> NodeDeployment | None:
        return self._read(DEPLOYED_KEY, NodeDeployment)

    def _read(self, key: str, kind: type[R]) -> R | None:
        bucket = self._bucket()
        where = f"s3://{bucket}/{key}"
        with asking(f"for {where}"):
            found = read_object(self._aws.client("s3"), bucket, key)
        if found is None:
            return None
        try:
            return kind.from_json(found[0], source=where)
        except RecordError as error:
            raise ComputeError(
                str(error),
                Code.NODE,
                remedy="Bring the node's release and this code together: `wms infra apply`.",
            ) from error
