"""Starting and stopping by Terraform, with its real state and lock, and by EC2 where Terraform cannot."""

from __future__ import annotations

import json
import shlex
import subprocess
from datetime import UTC, datetime

import pytest

from clouds import Cloud, aws_compute
from wms.core.errors import ComputeError
from wms.core.records.lease_book import SWITCH_LIMIT

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LOCK = "power/terraform.tfstate.tflock"


def leave_a_lock_behind(cloud: Cloud) -> datetime:
    """As a run does that is killed in the middle of an apply; since when it is there."""
    created = datetime.now(UTC)
    lock = {
        "ID": "3f3a8a5e-6a1f-4d0e-9d54-0c5d3cf0f7a1",
        "Operation": "OperationTypeApply",
        "Info": "",
        "Who": "runner@killed",
        "Version": "1.11.4",
        "Created": created.isoformat(),
        "Path": f"{cloud.bucket}/power/terraform.tfstate",
    }
    cloud.client("s3").put_object(Bucket=cloud.bucket, Key=LOCK, Body=json.dumps(lock).encode())
    return created


def test_under_a_lock_that_was_left_behind_ec2_switches_and_the_command_it_says_helps(cloud: Cloud) -> None:
    node = cloud.run_instance()
    created = leave_a_lock_behind(cloud)
    compute = aws_compute(cloud)
    stopped = compute.down()
    assert cloud.instance_state(node) == "stopped"
    assert "stopped by EC2 itself" in stopped.remark
    started = compute.up()
    assert cloud.instance_state(node) == "running"
    assert "started by EC2 itself" in started.remark
    assert f"runner@killed, for apply, since {created:%Y-%m-%d %H:%M:%S}" in started.remark
    # What the remark tells to type is typed, and helps.
    command = started.remark.split("`")[1]
    subprocess.run(["env", *shlex.split(command)], check=True, capture_output=True)
    assert compute.down().remark == ""
    assert compute.up().remark == ""


def test_without_terraform_ec2_switches(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    node = cloud.run_instance()
    monkeypatch.setenv("PATH", str(cloud.folder))
    remark = aws_compute(cloud).down().remark
    assert "terraform could not be run" in remark
    assert "Install Terraform" in remark
    assert cloud.instance_state(node) == "stopped"
    assert "terraform could not be run" in aws_compute(cloud).up().remark
    assert cloud.instance_state(node) == "running"


def test_a_stop_that_comes_too_late_is_none_for_another_may_have_started_it(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = cloud.run_instance()
    monkeypatch.setenv("PATH", str(cloud.folder))
    times = iter([NOW, NOW + SWITCH_LIMIT])
    with pytest.raises(ComputeError, match="was not stopped in time"):
        aws_compute(cloud, clock=lambda: next(times)).down()
    assert cloud.instance_state(node) == "running"


def test_what_happened_past_terraform_is_noticed_at_the_next_flip(cloud: Cloud) -> None:
    first = cloud.run_instance()
    compute = aws_compute(cloud)
    compute.up()
    cloud.client("ec2").stop_instances(InstanceIds=[first])
    assert compute.up().remark == ""
    assert cloud.instance_state(first) == "running"
    cloud.client("ec2").terminate_instances(InstanceIds=[first])
    second = cloud.run_instance()
    assert compute.down().remark == ""
    assert cloud.instance_state(second) == "stopped"


def test_two_instances_of_one_name_are_an_error_that_names_both(cloud: Cloud) -> None:
    both = [cloud.run_instance(), cloud.run_instance()]
    with pytest.raises(ComputeError) as refused:
        aws_compute(cloud).down()
    assert all(one in str(refused.value) for one in both)


def test_there_is_nothing_to_start_before_the_stack_is_made(cloud: Cloud) -> None:
    with pytest.raises(ComputeError, match="there is no instance named"):
        aws_compute(cloud).up()


def test_an_account_that_cannot_be_reached_is_an_error_and_no_absence(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.run_instance()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(ComputeError):
        aws_compute(cloud).state()
