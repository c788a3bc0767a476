"""What a plan would change, and what no plan may destroy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wms.core.errors import Code, ComputeError

KEPT = ("aws_instance", "aws_ebs_volume", "aws_s3_bucket")
"""The host, the database's volume, the buckets: only `wms infra destroy` ends them."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What would become of one resource; a replacement both deletes and creates."""

    address: str
    kind: str
    actions: tuple[str, ...]


def changes_of(plan: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes of a plan, from `terraform show -json`; what is only read or kept is left out."""
    return tuple(
        Change(address=item["address"], kind=item["type"], actions=tuple(item["change"]["actions"]))
        for item in plan.get("resource_changes", ())
        if not set(item["change"]["actions"]) <= {"no-op", "read"}
    )


def refuse_destruction(changes: Sequence[Change]) -> None:
    """Let a plan pass that keeps what must be kept.

    Raises:
        ComputeError: it would destroy or replace the host, its data volume or a bucket.
    """
    lost = [change.address for change in changes if change.kind in KEPT and "delete" in change.actions]
    if lost:
        raise ComputeError(
            f"the plan would destroy or replace {', '.join(lost)}; nothing was changed", Code.KEPT_RESOURCE
        )
