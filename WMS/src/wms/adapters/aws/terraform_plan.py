"""What a plan would change, and what no plan may destroy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wms.core.errors import Code, ComputeError

HOST = "aws_instance"
KEPT = (HOST, "aws_ebs_volume", "aws_s3_bucket")
"""The host, the database's volume, the buckets: only `wms infra destroy` ends them."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What would become of one resource; a replacement both deletes and creates.

    `restarts`: it is an instance that gets another type. The provider stops it for that, and always starts it
    afterwards (hashicorp/terraform-provider-aws, `aws_instance`).
    """

    address: str
    kind: str
    actions: tuple[str, ...]
    restarts: bool = False

    @property
    def makes_host(self) -> bool:
        """Whether an instance is made, which AWS starts."""
        return self.kind == HOST and "create" in self.actions


def changes_of(plan: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes of a plan, from `terraform show -json`; what is only read or kept is left out."""
    return tuple(
        Change(
            address=item["address"],
            kind=item["type"],
            actions=tuple(item["change"]["actions"]),
            restarts=_restarts(item),
        )
        for item in plan.get("resource_changes", ())
        if not set(item["change"]["actions"]) <= {"no-op", "read"}
    )


def _restarts(item: Mapping[str, Any]) -> bool:
    change = item["change"]
    if item["type"] != HOST or change["actions"] != ["update"]:
        return False
    return bool(change["before"].get("instance_type") != change["after"].get("instance_type"))


def refuse_destruction(changes: Sequence[Change], *, but: Sequence[str] = ()) -> None:
    """Let a plan pass that keeps what must be kept; the resources at `but` may go.

    Raises:
        ComputeError: it would destroy or replace the host, its data volume or a bucket.
    """
    lost = [
        change.address
        for change in changes
        if change.kind in KEPT and "delete" in change.actions and change.address not in but
    ]
    if lost:
        raise ComputeError(
            f"the plan would destroy or replace {', '.join(lost)}; nothing was changed", Code.KEPT_RESOURCE
        )
