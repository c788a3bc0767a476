"""Instances of EC2: found by tag, stopped, waited for; their image, their volume, who may reach them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from wms.adapters.aws.session import Aws, asking, error_code
from wms.core.cloud_ports import InstanceState
from wms.core.errors import Code, ComputeError

POLL_SECONDS = 5
CHANGE_SECONDS = 600
"""A stop or start takes a minute or two; a busy disk can make a stop take several."""

SNAPSHOT_SECONDS = 3600
"""A snapshot copies what was ever written: minutes for a small database."""

STATES: dict[str, InstanceState] = {
    "pending": "pending",
    "running": "running",
    "stopping": "stopping",
    "stopped": "stopped",
}
"""A terminated instance stays listed for an hour, and is as absent as one that never was."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance as EC2 has it now. `started_at` is when it was last started."""

    id: str
    state: InstanceState
    started_at: datetime
    type: str
    image_id: str
    group_ids: tuple[str, ...]


def _others(rule: Mapping[str, Any], group_id: str) -> bool:
    """Whether a rule names a group beside its own."""
    return any(pair["GroupId"] != group_id for pair in rule["UserIdGroupPairs"])


class Ec2:
    """The instances of one account and region. All methods raise `ComputeError`."""

    def __init__(self, aws: Aws) -> None:
        self.region = aws.region
        self._aws = aws

    def named(self, name: str) -> Instance | None:
        """The instance whose tag `Name` is `name`, or `None` if there is none.

        Raises:
            ComputeError: several instances have the name.
        """
        found = self.tagged("Name", name)
        if len(found) > 1:
            ids = ", ".join(sorted(instance.id for instance in found))
            raise ComputeError(
                f"several instances in {self.region} are named {name}: {ids}",
                Code.WRONG_INSTANCE,
                remedy="Terminate, or name otherwise, all but the one that Terraform's stack holds.",
            )
        return found[0] if found else None

    def existing(self, name: str) -> Instance:
        """The instance whose tag `Name` is `name`; there must be one."""
        node = self.named(name)
        if node is None:
            raise ComputeError(f"there is no instance named {name} in {self.region}", Code.WRONG_INSTANCE)
        return node

    def tagged(self, key: str, value: str) -> list[Instance]:
        """The instances with this tag."""
        chosen = [{"Name": f"tag:{key}", "Values": [value]}]
        return [
            instance
            for instance in self._described(f"for instances with {key} = {value}", Filters=chosen)
            if instance.state != "absent"
        ]

    def start(self, instance_id: str, *, within_seconds: float) -> None:
        """Ask for a start; an instance that is stopping gets that time to stop first."""
        if self._state(instance_id) == "stopping":
            self._wait("instance_stopped", instance_id, within_seconds)
        with asking(f"to start {instance_id}"):
            self._client.start_instances(InstanceIds=[instance_id])

    def stop(self, instance_id: str, *, within_seconds: float) -> None:
        """Ask for a stop; an instance that is starting gets that time to start first."""
        if self._state(instance_id) == "pending":
            self._wait("instance_running", instance_id, within_seconds)
        with asking(f"to stop {instance_id}"):
            self._client.stop_instances(InstanceIds=[instance_id])

    def delete_volume(self, volume_id: str) -> None:
        """Delete a volume that no instance holds; one that is gone is no error."""
        with asking(f"to delete {volume_id}"):
            try:
                self._client.delete_volume(VolumeId=volume_id)
            except ClientError as error:
                if error_code(error) != "InvalidVolume.NotFound":
                    raise

    def snapshot(self, volume_id: str, *, name: str, project: str) -> str:
        """Store a snapshot of a volume, and return its ID once it is whole."""
        tags = [{"Key": "Name", "Value": name}, {"Key": "Project", "Value": project}]
        with asking(f"for a snapshot of {volume_id}"):
            made = self._client.create_snapshot(
                VolumeId=volume_id,
                Description=f"The database of {project}, before `wms infra destroy`",
                TagSpecifications=[{"ResourceType": "snapshot", "Tags": tags}],
            )
            attempts = {"Delay": POLL_SECONDS, "MaxAttempts": SNAPSHOT_SECONDS // POLL_SECONDS}
            waiter = self._client.get_waiter("snapshot_completed")
            waiter.wait(SnapshotIds=[made["SnapshotId"]], WaiterConfig=attempts)
        return str(made["SnapshotId"])

    def image_made_at(self, image_id: str) -> datetime | None:
        """When Amazon made an image; `None` if EC2 shows it no more."""
        with asking(f"for the image {image_id}"):
            try:
                found = self._client.describe_images(ImageIds=[image_id], IncludeDeprecated=True)["Images"]
            except ClientError as error:
                if not error_code(error).startswith("InvalidAMIID"):
                    raise
                return None
        return datetime.fromisoformat(found[0]["CreationDate"]) if found else None

    def open_ports(self, group_ids: Sequence[str]) -> tuple[str, ...]:
        """What the security groups let in from outside themselves, as `GROUP: PROTOCOL FROM-TO`."""
        with asking("what the security groups let in"):
            groups = self._client.describe_security_groups(GroupIds=list(group_ids))["SecurityGroups"]
        return tuple(
            f"{group['GroupId']}: {rule['IpProtocol']} {rule.get('FromPort', '')}-{rule.get('ToPort', '')}"
            for group in groups
            for rule in group["IpPermissions"]
            if rule["IpRanges"]
            or rule["Ipv6Ranges"]
            or rule["PrefixListIds"]
            or _others(rule, group["GroupId"])
        )

    def wait_running(self, instance_id: str) -> None:
        """Return once an instance runs.

        EC2's own checks of it pass two to four minutes later. The node's report says more, so they are not
        waited for.
        """
        self._wait("instance_running", instance_id, CHANGE_SECONDS)

    def wait_stopped(self, instance_id: str) -> None:
        """Return once an instance is stopped."""
        self._wait("instance_stopped", instance_id, CHANGE_SECONDS)

    @cached_property
    def _client(self) -> Any:
        return self._aws.client("ec2")

    def _state(self, instance_id: str) -> InstanceState:
        return self._described(f"for {instance_id} in {self.region}", InstanceIds=[instance_id])[0].state

    def _wait(self, waiter: str, instance_id: str, seconds: float) -> None:
        attempts = {"Delay": POLL_SECONDS, "MaxAttempts": max(1, int(seconds // POLL_SECONDS))}
        with asking(f"until {waiter.replace('_', ' ')} of {instance_id}"):
            self._client.get_waiter(waiter).wait(InstanceIds=[instance_id], WaiterConfig=attempts)

    def _described(self, what: str, **selection: Any) -> list[Instance]:
        with asking(what):
            pages = list(self._client.get_paginator("describe_instances").paginate(**selection))
        return [
            Instance(
                id=item["InstanceId"],
                state=STATES.get(item["State"]["Name"], "absent"),
                started_at=item["LaunchTime"],
                type=item["InstanceType"],
                image_id=item["ImageId"],
                group_ids=tuple(group["GroupId"] for group in item.get("SecurityGroups", ())),
            )
            for page in pages
            for reservation in page["Reservations"]
            for item in reservation["Instances"]
        ]
