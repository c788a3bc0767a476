"""No plan ends what must be kept."""

from __future__ import annotations

import pytest

from wms.adapters.aws.terraform_plan import Change, changes_of, refuse_destruction
from wms.core.errors import ComputeError


def change(address: str, *actions: str) -> Change:
    return Change(address=address, kind=address.split(".")[-2], actions=actions)


@pytest.mark.parametrize(
    "address",
    ["module.k3s_node.aws_instance.node", "module.k3s_node.aws_ebs_volume.data", "aws_s3_bucket.data"],
)
@pytest.mark.parametrize("actions", [("delete",), ("delete", "create"), ("create", "delete")])
def test_what_is_kept_is_neither_destroyed_nor_replaced(address: str, actions: tuple[str, ...]) -> None:
    with pytest.raises(ComputeError, match=address):
        refuse_destruction([change("aws_iam_role.node", "update"), change(address, *actions)])


def test_a_host_that_is_made_anew_by_command_may_go_and_nothing_else() -> None:
    host = change("module.k3s_node.aws_instance.node", "delete", "create")
    refuse_destruction([host], but=[host.address])
    with pytest.raises(ComputeError, match="aws_ebs_volume"):
        refuse_destruction(
            [host, change("module.k3s_node.aws_ebs_volume.data", "delete")], but=[host.address]
        )


@pytest.mark.parametrize(
    ("actions", "before", "restarts"),
    [
        (["update"], "t3.large", True),
        (["update"], "m5.large", False),
        (["delete", "create"], "t3.large", False),
    ],
)
def test_another_type_restarts_the_instance(actions: list[str], before: str, restarts: bool) -> None:
    changed = {
        "actions": actions,
        "before": {"instance_type": before},
        "after": {"instance_type": "m5.large"},
    }
    plan = {"resource_changes": [{"address": "a.b", "type": "aws_instance", "change": changed}]}
    (found,) = changes_of(plan)
    assert (found.restarts, found.makes_host) == (restarts, "create" in actions)


def test_everything_else_may_change() -> None:
    refuse_destruction(
        [
            change("module.k3s_node.aws_instance.node", "update"),
            change("aws_s3_bucket.data", "create"),
            change("aws_s3_object.release", "delete"),
            change("aws_volume_attachment.data", "delete", "create"),
        ]
    )


def test_what_is_only_read_or_kept_is_no_change() -> None:
    plan = {
        "resource_changes": [
            {"address": "a.b", "type": "a", "change": {"actions": ["no-op"]}},
            {"address": "data.c.d", "type": "c", "change": {"actions": ["read"]}},
            {"address": "e.f", "type": "e", "change": {"actions": ["delete", "create"]}},
        ]
    }
    assert changes_of(plan) == (Change(address="e.f", kind="e", actions=("delete", "create")),)


def test_a_plan_without_resources_changes_nothing() -> None:
    assert changes_of({}) == ()
