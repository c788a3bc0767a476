"""What the doctor looks at: this machine's programs, and an environment on AWS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wms.adapters import programs
from wms.adapters.aws.ec2 import Ec2
from wms.adapters.aws.session import Aws, asking, bucket_is_there, last_modified
from wms.adapters.aws.stack import AwsStack
from wms.core.cloud_ports import Host, Sight
from wms.core.errors import ComputeError


class AwsSight(Sight):
    """`Sight` of one environment.

    Args:
        aws: its account and region.
        stack: its stack.
        node_name: the instance's tag `Name`.
        state_bucket: the bucket of Terraform's state.
        data_bucket: the bucket that has the image of MLflow's server.
        manifest: the manifest that names that image.
    """

    def __init__(
        self,
        *,
        aws: Aws,
        stack: AwsStack,
        node_name: str,
        state_bucket: str,
        data_bucket: str,
        manifest: Path,
    ) -> None:
        self._aws, self._stack, self._node_name = aws, stack, node_name
        self._state_bucket, self._data_bucket, self._manifest = state_bucket, data_bucket, manifest

    def program(self, name: str) -> str | None:
        return programs.version_of(name)

    def system(self) -> str:
        return programs.system()

    def state_bucket(self) -> str:
        with asking(f"for the bucket {self._state_bucket}"):
            there = bucket_is_there(self._aws.client("s3"), self._state_bucket)
        return self._state_bucket if there else ""

    def outputs(self) -> Mapping[str, Any]:
        return self._stack.outputs()

    def image(self) -> tuple[str, bool]:
        named = re.search(r"image: localhost/(wms-mlflow):(\S+)", self._manifest.read_text())
        if named is None:
            raise ComputeError(f"{self._manifest} names no image localhost/wms-mlflow")
        key = f"node/images/{named[1]}/{named[2]}.tar.gz"
        with asking(f"for the object {key}"):
            stored = last_modified(self._aws.client("s3"), self._data_bucket, key)
        return f"s3://{self._data_bucket}/{key}", stored is not None

    def host(self) -> Host | None:
        ec2 = Ec2(self._aws)
        node = ec2.named(self._node_name)
        if node is None:
            return None
        return Host(
            state=node.state,
            type=node.type,
            image_made_at=ec2.image_made_at(node.image_id),
            open_ports=ec2.open_ports(node.group_ids),
        )
