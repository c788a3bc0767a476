"""`Compute` on EC2: Terraform flips the switch, EC2 says whether it took."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from wms.adapters.aws.ec2 import Ec2, Instance
from wms.adapters.aws.terraform import INTERRUPT_SECONDS, LOCK_SECONDS, Terraform
from wms.core.errors import ComputeError, StateLockedError, TerraformError, WrongInstanceError
from wms.core.ports import InstanceState, Stopped
from wms.core.records.cloud import switch_lock_is_left_behind
from wms.core.records.lease_book import SWITCH_LIMIT

log = logging.getLogger(__name__)

STOP_LOCK_SECONDS = 120
"""How long a stop waits for the state: longer than a stop takes, shorter than an hour's price matters."""

STOP_FLIP_SECONDS = SWITCH_LIMIT.total_seconds() - INTERRUPT_SECONDS - 60
"""How long Terraform may take for a stop, downloads included: then it is interrupted, and EC2 is asked while
there is time."""


class AwsCompute:
    """The instance that is tagged `Name` = `name`.

    Args:
        name: the instance's tag `Name`.
        ec2: where it lies.
        switch: opens the root module that holds its power state and nothing else; called when it is flipped.
        lock_seconds: how long to wait for a state that another run holds, to start and to stop.
        clock: the time.
    """

    def __init__(
        self,
        name: str,
        *,
        ec2: Ec2,
        switch: Callable[[], Terraform],
        lock_seconds: tuple[int, int] = (LOCK_SECONDS, STOP_LOCK_SECONDS),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._name = name
        self._ec2 = ec2
        self._switch = switch
        self._start_lock_seconds, self._stop_lock_seconds = lock_seconds
        self._clock = clock

    def up(self) -> None:
        """Start the instance and return once it runs and EC2's checks of it have passed.

        A lock that a killed run left behind is broken: whoever starts holds a lease, so nobody may be
        stopping, and what another starter did shows at the next look at EC2.
        """
        node = self._ec2.named(self._name)
        if node is None:
            raise WrongInstanceError(f"there is no instance named {self._name} in {self._ec2.region}")
        try:
            self._flip(node, running=True, lock_seconds=self._start_lock_seconds)
        except StateLockedError as error:
            if error.lock_id is None or not switch_lock_is_left_behind(error.since, self._clock()):
                raise
            log.warning("%s: that run is dead, its lock is broken", error)
            # Another starter may be first: then it is its lock that this one waits for now.
            with contextlib.suppress(TerraformError):
                self._switch().unlock(error.lock_id)
            self._flip(node, running=True, lock_seconds=self._start_lock_seconds)
        self._ec2.wait_running(node.id)

    def down(self) -> Stopped:
        """Stop the instance and return once it is stopped.

        A stop must not fail for Terraform's sake: where it cannot flip the switch, as when a killed
        run left its lock behind, EC2 is asked itself.

        Raises:
            ComputeError: that took so long that another may be using the instance by now.
        """
        give_up_at = self._clock() + SWITCH_LIMIT
        node = self._ec2.named(self._name)
        if node is None:
            return Stopped(remark=f"there is no instance named {self._name} in {self._ec2.region}")
        try:
            self._flip(
                node, running=False, lock_seconds=self._stop_lock_seconds, limit_seconds=STOP_FLIP_SECONDS
            )
        except TerraformError as error:
            left = (give_up_at - self._clock()).total_seconds()
            if left <= 0:
                raise ComputeError(
                    f"{node.id} was not stopped in time, and another may be using it by now: {error}",
                    remedy="See `wms infra status`; the reaper and the watchdog stop what nobody holds.",
                ) from error
            self._ec2.stop(node.id, start_seconds=left)
            remark = f"{node.id} was stopped by EC2 itself, past Terraform: {error}. {error.remedy}"
            return Stopped(remark=remark)
        self._ec2.wait_stopped(node.id)
        return Stopped()

    def state(self) -> InstanceState:
        """What EC2 says."""
        node = self._ec2.named(self._name)
        return "absent" if node is None else node.state

    def _flip(
        self, node: Instance, *, running: bool, lock_seconds: int, limit_seconds: float | None = None
    ) -> None:
        self._switch().apply(
            {"region": self._ec2.region, "instance_id": node.id, "running": running},
            lock_seconds=lock_seconds,
            limit_seconds=limit_seconds,
        )
