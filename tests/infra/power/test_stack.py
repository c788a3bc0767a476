"""The stack as a whole: planned, made, guarded, taken down."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from clouds import Cloud

Wms = Callable[..., Result]


def outcome(result: Result) -> Any:
    """The JSON document on standard output."""
    return json.loads(result.stdout)


def host(cloud: Cloud) -> tuple[str, str]:
    """The one instance that bears the environment's name, and its state."""
    wanted = [
        {"Name": "tag:Name", "Values": [f"{cloud.name}-node"]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    [found] = cloud.client("ec2").describe_instances(Filters=wanted)["Reservations"]
    return found["Instances"][0]["InstanceId"], found["Instances"][0]["State"]["Name"]


def bucket_names(cloud: Cloud) -> set[str]:
    found = cloud.client("s3").list_buckets()["Buckets"]
    return {item["Name"] for item in found if item["Name"].startswith(cloud.name)}


def test_from_nothing_to_a_running_instance_to_a_stopped_one_to_nothing(
    wms: Wms, cloud: Cloud, workspace: Path
) -> None:
    planned = outcome(wms("apply", "--plan-only", "--json"))
    assert {item["actions"][0] for item in planned["changes"]} == {"create"}
    wms("apply")

    cloud.node_says("failed", why="the data volume did not appear")
    assert "the data volume did not appear" in wms("up", code=57).output
    assert host(cloud)[1] == "running"
    cloud.node_says("ready")
    wms("up", "--purpose", "browse", "--ttl", "30m")
    assert host(cloud)[1] == "running"
    assert outcome(wms("status", "--json"))["instance"] == "running"
    refused = wms("destroy", "--yes", "test", code=41)
    assert "is held by" in refused.output
    wms("down")
    assert host(cloud)[1] == "stopped"
    assert outcome(wms("status", "--json"))["instance"] == "stopped"

    # Flipping the switch changed nothing for the stack, and the source tree is as it was.
    assert outcome(wms("apply", "--json"))["changes"] == []
    assert not list((workspace / "devops").rglob(".terraform"))

    data = f"{cloud.name}-data-123456789012"
    cloud.client("s3").put_object(Bucket=data, Key="dvc/one", Body=b"x" * 2048)
    gone = outcome(wms("destroy", "--yes", "test", "--json"))
    assert "module.k3s_node.aws_instance.node" in gone["destroyed"]
    assert {item["kind"] for item in gone["left"]} == {"bucket"}
    assert data in bucket_names(cloud)

    wms("destroy", "--yes", "test", "--empty-buckets")
    assert bucket_names(cloud) == {cloud.bucket}


def test_the_host_is_lost_neither_by_a_plan_nor_without_being_asked_twice(
    wms: Wms, cloud: Cloud, workspace: Path
) -> None:
    wms("apply")
    node, _ = host(cloud)

    main = workspace / "devops/terraform/stack/node/main.tf"
    shipped = main.read_text()
    main.write_text(shipped.replace("tags  ", 'availability_zone = "us-east-1f"\n  tags  ', 1))
    refused = wms("apply", code=61)
    assert "would destroy or replace module.k3s_node.aws_instance.node" in refused.output
    main.write_text(shipped)

    said = wms("destroy", "--force", "--dry-run").output
    assert "  module.k3s_node.aws_instance.node" in said
    assert re.search(rf"instance +{node} +t3.large, running", said)
    for answers in ("\n", "y\nprod\n"):
        result = wms("destroy", "--force", input=answers, code=2 if "prod" in answers else 1)
        assert "the database included" in result.output
    wms("destroy", "--force", "--yes", "prod", code=2)
    assert cloud.instance_state(node) == "running"
    wms("destroy", "--force", input="y\ntest\n")
    assert cloud.instance_state(node) == "terminated"


def test_without_an_environment_there_is_nothing_to_work_on(
    wms: Wms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WMS_ENVIRONMENT")
    assert "WMS_ENVIRONMENT is not set" in wms("apply", code=4).output
