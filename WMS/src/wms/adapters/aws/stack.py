"""The stack as a whole: made, changed, taken down."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from wms.adapters.aws.ec2 import Ec2
from wms.adapters.aws.leftovers import empty_bucket, leftovers
from wms.adapters.aws.session import Aws, asking, last_modified
from wms.adapters.aws.terraform import Terraform
from wms.adapters.aws.terraform_plan import Change, refuse_destruction
from wms.core.errors import Code, ComputeError
from wms.core.records.leftover import Leftover
from wms.core.settings.infra import DUMP_KEY

NODE = "module.k3s_node.aws_instance.node"
"""Where the stack has its host."""

VOLUME = "aws_ebs_volume"


class AwsStack:
    """Terraform's roots `stack` and `power` of one environment, with the account they are in.

    Args:
        name: the environment's name.
        aws: the account and region.
        stack: the root of everything but the power state.
        switch: the root that holds the power state.
        buckets: those of the stack, which `destroy` spares unless told otherwise.
        state_bucket: the one that Terraform's state is in; it outlives the stack.
    """

    def __init__(
        self,
        name: str,
        *,
        aws: Aws,
        stack: Terraform,
        switch: Terraform,
        buckets: Sequence[str],
        state_bucket: str,
    ) -> None:
        self._name = name
        self._aws = aws
        self._stack = stack
        self._switch = switch
        self._buckets = tuple(buckets)
        self._state_bucket = state_bucket

    def apply(
        self,
        *,
        plan_only: bool,
        new_host: bool = False,
        around: Callable[[Sequence[Change]], contextlib.AbstractContextManager[None]],
    ) -> tuple[Change, ...]:
        """Plan, refuse what would destroy what is kept, then do it; return what changed or would.

        `new_host` makes the host anew, from the newest image; its data volume stays. `around` is given the
        changes, and is a block in which they are made.

        Raises:
            ComputeError: the plan would destroy the host, its data volume or a bucket.
        """
        replaced = [NODE] if new_host and NODE in self._stack.resources() else []
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "plan"
            changes = self._stack.plan(plan, replace=replaced)
            refuse_destruction(changes, but=replaced)
            if not plan_only:
                with around(changes):
                    self._stack.apply_plan(plan)
        return changes

    def outputs(self) -> dict[str, Any]:
        """What the stack tells, such as the roles; empty before it was made."""
        return self._stack.outputs()

    def require_dump(self) -> None:
        """Check that a dump of the database is newer than the last start of the instance.

        Raises:
            ComputeError: destroying would lose what was logged since.
        """
        if not any(_kind(address) == VOLUME for address in self._stack.resources()):
            return
        node = Ec2(self._aws).named(f"{self._name}-node")
        with asking("for the newest dump of the database"):
            dumped_at = last_modified(self._aws.client("s3"), self._buckets[0], DUMP_KEY)
        if dumped_at is not None and (node is None or dumped_at >= node.started_at):
            return
        last = f"is of {dumped_at:%Y-%m-%d %H:%M} UTC" if dumped_at else "does not exist"
        started = f"the instance was started at {node.started_at:%Y-%m-%d %H:%M} UTC" if node else "it is off"
        raise ComputeError(
            f"the newest dump of the database {last}, and {started}: what was logged since would be lost; "
            "nothing was destroyed",
            Code.KEPT_RESOURCE,
            remedy="Start and stop the instance, for a dump (`wms infra up`, `wms infra down`). Or give "
            "--snapshot, to keep a snapshot of the disk, or --empty-buckets, if nothing shall be kept.",
        )

    def destroy(self, *, empty_buckets: bool, snapshot: bool) -> None:
        """Take down the switch and the stack; its buckets stay unless they shall be emptied.

        Buckets that stay are still the stack's: `wms infra apply` goes on with them. If they go, so does the
        bucket of the state. `snapshot` leaves one of the data volume.
        """
        for address in self._switch.resources():
            self._switch.forget(address)
        held = self._stack.resources()
        if NODE in held:
            self._stack.destroy(targets=[NODE])
        for volume in (address for address in held if _kind(address) == VOLUME):
            if snapshot:
                Ec2(self._aws).snapshot(held[volume], name=f"{self._name}-data", project=self._name)
            # Terraform is told never to destroy it, so that no plan can: here it is meant.
            Ec2(self._aws).delete_volume(held[volume])
            self._stack.forget(volume)
        # Buckets need nothing of the rest, so nothing that is named here takes them along.
        rest = [address for address in self._stack.resources() if not _of_bucket(address)]
        if rest:
            self._stack.destroy(targets=rest)
        if empty_buckets:
            for bucket in self._buckets:
                empty_bucket(self._aws, bucket)
            self._stack.destroy()
            self._remove_what_others_made()

    def _remove_what_others_made(self) -> None:
        """The password that the node made, and the bucket of the state of nothing."""
        with asking("to delete the password of MLflow"):
            self._aws.client("ssm").delete_parameters(Names=[f"/{self._name}/mlflow/admin-password"])
        empty_bucket(self._aws, self._state_bucket)
        with asking(f"to delete the bucket {self._state_bucket}"):
            self._aws.client("s3").delete_bucket(Bucket=self._state_bucket)

    def resources(self) -> tuple[str, ...]:
        """The addresses of everything that the stack has made."""
        return tuple(self._stack.resources())

    def leftovers(self) -> tuple[Leftover, ...]:
        """What is still there of the environment."""
        return leftovers(self._aws, project=self._name, buckets=(*self._buckets, self._state_bucket))


def _kind(address: str) -> str:
    """The type in an address such as `module.storage.aws_s3_bucket.this["data"]`."""
    return address.partition("[")[0].rsplit(".", 2)[-2]


def _of_bucket(address: str) -> bool:
    return _kind(address).startswith("aws_s3_")
