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


def volumes(cloud: Cloud) -> list[str]:
    wanted = [{"Name": "tag:Name", "Values": [f"{cloud.name}-data"]}]
    return [item["VolumeId"] for item in cloud.client("ec2").describe_volumes(Filters=wanted)["Volumes"]]


def bucket_names(cloud: Cloud) -> set[str]:
    found = cloud.client("s3").list_buckets()["Buckets"]
    return {item["Name"] for item in found if item["Name"].startswith(cloud.name)}


def test_from_nothing_to_a_running_instance_to_a_stopped_one_to_nothing(
    wms: Wms, cloud: Cloud, workspace: Path
) -> None:
    planned = outcome(wms("apply", "--plan-only", "--json"))
    assert {item["actions"][0] for item in planned["changes"]} == {"create"}
    assert "you hold it for 30 minutes" in wms("apply").output
    # AWS started it: nobody may find it running without a lease.
    assert [lease["purpose"] for lease in outcome(wms("status", "--json"))["leases"]] == ["first boot"]

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
    refused = wms("destroy", "--yes", "test", code=61)
    assert "the newest dump of the database does not exist" in refused.output
    cloud.dumps()
    gone = outcome(wms("destroy", "--yes", "test", "--json"))
    assert "module.k3s_node.aws_instance.node" in gone["destroyed"]
    assert {item["kind"] for item in gone["left"]} == {"bucket"}
    assert data in bucket_names(cloud)

    wms("destroy", "--yes", "test", "--empty-buckets")
    assert bucket_names(cloud) == set()


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
        result = wms("destroy", "--force", "--snapshot", input=answers, code=2 if "prod" in answers else 1)
        assert "the database included" in result.output
    wms("destroy", "--force", "--snapshot", "--yes", "prod", code=2)
    assert cloud.instance_state(node) == "running"
    wms("destroy", "--force", "--snapshot", input="y\ntest\n")
    assert cloud.instance_state(node) == "terminated"
    mine = [{"Name": "tag:Project", "Values": [cloud.name]}]
    (kept,) = cloud.client("ec2").describe_snapshots(Filters=mine, OwnerIds=["self"])["Snapshots"]
    assert kept["State"] == "completed"


def test_another_type_leaves_a_stopped_instance_stopped_and_a_held_one_alone(
    wms: Wms, cloud: Cloud, workspace: Path
) -> None:
    wms("apply")
    wms("down")
    assert host(cloud)[1] == "stopped"
    settings = workspace / "infrastructure/test/terraform.tfvars"
    settings.write_text(settings.read_text().replace('type           = "t3.large"', 'type = "m5.large"'))
    assert "AWS starts it for that, and it is stopped again" in wms("apply", "--plan-only").output
    assert "is stopped again" in wms("apply").output
    node, state = host(cloud)
    found = cloud.client("ec2").describe_instances(InstanceIds=[node])["Reservations"][0]["Instances"][0]
    assert (found["InstanceType"], state) == ("m5.large", "stopped")
    assert outcome(wms("status", "--json"))["leases"] == []

    cloud.node_says("ready")
    # It ran, and nothing was dumped.
    assert "no dump of MLflow's database was ever stored" in wms("up").output
    settings.write_text(settings.read_text().replace('type = "m5.large"', 'type = "t3.large"'))
    assert "is held by" in wms("apply", code=41).output
    assert host(cloud)[1] == "running"


def test_a_new_host_takes_the_place_of_the_old_one_and_the_data_volume_stays(wms: Wms, cloud: Cloud) -> None:
    wms("apply")
    old, _ = host(cloud)
    assert "is held by" in wms("apply", "--new-host", code=41).output
    wms("down")
    (before,) = volumes(cloud)
    wms("apply", "--new-host")
    new, state = host(cloud)
    assert (new != old, state, volumes(cloud)) == (True, "running", [before])
    assert [lease["purpose"] for lease in outcome(wms("status", "--json"))["leases"]] == ["first boot"]
    wms("down")
    assert host(cloud) == (new, "stopped")


def test_setting_up_asks_for_what_the_settings_lack_and_writes_it_there(
    wms: Wms, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = workspace / "infrastructure/test/terraform.tfvars"
    assert "nobody is told" in wms("bootstrap").output
    before = settings.read_text()
    wms("bootstrap", "--alarm-email", "nobody", code=2)
    wms("bootstrap", "--repository", "octocat/meters", "--dry-run")
    assert settings.read_text() == before
    # On a terminal it asks for both.
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    wms("bootstrap", input="octocat/meters\nme@example.org\n")
    assert 'github_repository = "octocat/meters"' in settings.read_text()
    assert 'alarm_email        = "me@example.org"' in settings.read_text()


def test_without_an_environment_there_is_nothing_to_work_on(
    wms: Wms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WMS_ENVIRONMENT")
    assert "WMS_ENVIRONMENT is not set" in wms("apply", code=4).output
