"""`Compute` on EC2: Terraform flips the switch, or else EC2 does; EC2 says whether it took."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from wms.adapters.aws.ec2 import Ec2, Instance
from wms.adapters.aws.terraform import INTERRUPT_SECONDS, Terraform
from wms.core.cloud_ports import Compute, InstanceState, Switched
from wms.core.errors import ComputeError, TerraformError
from wms.core.records.lease_book import SWITCH_LIMIT

LOCK_SECONDS = 120
"""How long to wait for a state that another run holds; then EC2 is asked."""

FLIP_SECONDS = SWITCH_LIMIT.total_seconds() - INTERRUPT_SECONDS - 60
"""How long Terraform may take, downloads included; then it is interrupted, and there is time to ask EC2."""


class AwsCompute(Compute):
    """`Compute` of the instance that is tagged `Name` = `name`.

    Args:
        name: the instance's tag `Name`.
        ec2: where it lies.
        switch: opens the root module that holds its power state and nothing else; called when it is flipped.
        lock_seconds: how long to wait for a state that another run holds.
        clock: the time.
    """

    def __init__(
        self,
        name: str,
        *,
        ec2: Ec2,
        switch: Callable[[], Terraform],
        lock_seconds: int = LOCK_SECONDS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._name = name
        self._ec2 = ec2
        self._switch = switch
        self._lock_seconds = lock_seconds
        self._clock = clock

    def up(self) -> Switched:
        give_up_at = self._clock() + SWITCH_LIMIT
        node = self._ec2.existing(self._name)
        remark = self._flip(node, running=True, give_up_at=give_up_at)
        self._ec2.wait_running(node.id)
        return Switched(remark=remark)

    def down(self) -> Switched:
        give_up_at = self._clock() + SWITCH_LIMIT
        node = self._ec2.named(self._name)
        if node is None:
            return Switched(remark=f"there is no instance named {self._name} in {self._ec2.region}")
        remark = self._flip(node, running=False, give_up_at=give_up_at)
        self._ec2.wait_stopped(node.id)
        return Switched(remark=remark)

    def state(self) -> InstanceState:
        node = self._ec2.named(self._name)
        return "absent" if node is None else node.state

    def _flip(self, node: Instance, *, running: bool, give_up_at: datetime) -> str:
        """Flip the switch by Terraform; where it cannot, ask EC2 and return what the user should know."""
        try:
            self._switch().apply(
                {"region": self._ec2.region, "instance_id": node.id, "running": running},
                lock_seconds=self._lock_seconds,
                limit_seconds=FLIP_SECONDS,
            )
        except TerraformError as error:
            done, ask = ("started", self._ec2.start) if running else ("stopped", self._ec2.stop)
            left = (give_up_at - self._clock()).total_seconds()
            if left <= 0:
                raise ComputeError(
                    f"{node.id} was not {done} in time: {error}",
                    remedy="See `wms infra status`; the reaper and the watchdog stop what nobody holds.",
                ) from error
            ask(node.id, within_seconds=left)
            return f"{node.id} was {done} by EC2 itself, without Terraform: {error}. {error.remedy}"
        return ""
