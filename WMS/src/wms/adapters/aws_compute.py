"""`Compute` on EC2: Terraform flips the switch, EC2 says whether it took."""

from __future__ import annotations

from collections.abc import Callable

from wms.adapters.ec2 import Ec2, Instance
from wms.adapters.terraform import LOCK_SECONDS, Terraform
from wms.domain.errors import TerraformError, WrongInstanceError
from wms.ports import InstanceState, Stopped

STOP_LOCK_SECONDS = 120
"""How long a stop waits for the state: longer than a stop takes, shorter than an hour's price matters."""


class AwsCompute:
    """The instance that is tagged `Name` = `name`.

    Args:
        name: the instance's tag `Name`.
        ec2: where it lies.
        switch: opens the root module that holds its power state and nothing else; called when it is flipped.
        lock_seconds: how long to wait for a state that another run holds, to start and to stop.
    """

    def __init__(
        self,
        name: str,
        *,
        ec2: Ec2,
        switch: Callable[[], Terraform],
        lock_seconds: tuple[int, int] = (LOCK_SECONDS, STOP_LOCK_SECONDS),
    ) -> None:
        self._name = name
        self._ec2 = ec2
        self._switch = switch
        self._start_lock_seconds, self._stop_lock_seconds = lock_seconds

    def up(self) -> None:
        """Start the instance and return once it runs and EC2's checks of it have passed."""
        node = self._ec2.named(self._name)
        if node is None:
            raise WrongInstanceError(f"there is no instance named {self._name} in {self._ec2.region}")
        self._flip(node, running=True, lock_seconds=self._start_lock_seconds)
        self._ec2.wait_running(node.id)

    def down(self) -> Stopped:
        """Stop the instance and return once it is stopped.

        A stop must not fail for Terraform's sake: where it cannot flip the switch, as when a killed
        run left its lock behind, EC2 is asked itself.
        """
        node = self._ec2.named(self._name)
        if node is None:
            return Stopped(remark=f"there is no instance named {self._name} in {self._ec2.region}")
        try:
            self._flip(node, running=False, lock_seconds=self._stop_lock_seconds)
        except TerraformError as error:
            self._ec2.stop(node.id)
            remark = f"{node.id} was stopped by EC2 itself, past Terraform: {error}. {error.remedy}"
            return Stopped(remark=remark)
        self._ec2.wait_stopped(node.id)
        return Stopped()

    def state(self) -> InstanceState:
        """What EC2 says."""
        node = self._ec2.named(self._name)
        return "absent" if node is None else node.state

    def _flip(self, node: Instance, *, running: bool, lock_seconds: int) -> None:
        self._switch().apply(
            {"region": self._ec2.region, "instance_id": node.id, "running": running},
            lock_seconds=lock_seconds,
        )
