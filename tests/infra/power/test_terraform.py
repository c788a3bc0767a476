"""The `terraform` binary behind its adapter: what it must not leave behind, and what its failures say."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clouds import Cloud, power_root
from wms.core.errors import TerraformError

SLOW = """
import logging, os, signal, sys
from pathlib import Path
from wms.adapters.aws.terraform import Terraform

def interrupt(*_): raise KeyboardInterrupt

signal.signal(signal.SIGTERM, interrupt)
root, data, backend, bucket = sys.argv[1:]
Terraform(
    Path(root), data=Path(data), backend_file=Path(backend),
    backend={"bucket": bucket, "region": "us-east-1"},
    tell=lambda line: print(line, flush=True),
).apply()
"""
"""A program that applies a root and is ended from outside, as a cancelled workflow ends `wms`."""

SLEEPS = 20
WAITING = """
terraform {
  backend "s3" {
    key          = "slow/terraform.tfstate"
    use_lockfile = true
  }
}

resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "echo working; sleep 20"
  }
}
"""


@pytest.fixture
def slow_root(cloud: Cloud) -> Path:
    root = cloud.folder / "slow"
    root.mkdir()
    (root / "main.tf").write_text(WAITING)
    return root


def locked(cloud: Cloud) -> bool:
    found = cloud.client("s3").list_objects_v2(Bucket=cloud.bucket).get("Contents", [])
    return "slow/terraform.tfstate.tflock" in {item["Key"] for item in found}


def test_an_interrupted_apply_lets_go_of_the_lock(cloud: Cloud, slow_root: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", SLOW, slow_root, cloud.folder / "data", cloud.backend_file, cloud.bucket],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    while "working" not in (line := program.stdout.readline()):
        assert line, program.stderr and program.stderr.read()
    assert locked(cloud)
    program.send_signal(signal.SIGTERM)
    _, complaint = program.communicate(timeout=60)
    assert "KeyboardInterrupt" in complaint
    assert not locked(cloud)


def test_an_apply_that_takes_too_long_lets_go_of_the_lock(cloud: Cloud, slow_root: Path) -> None:
    slow = cloud.terraform(slow_root, name="slow")
    slow.resources()
    began = time.monotonic()
    with pytest.raises(TerraformError):
        slow.apply(limit_seconds=4)
    assert time.monotonic() - began < SLEEPS
    assert not locked(cloud)


def test_a_missing_state_bucket_says_how_to_make_it(cloud: Cloud) -> None:
    cloud.client("s3").delete_bucket(Bucket=cloud.bucket)
    with pytest.raises(TerraformError) as refused:
        cloud.terraform(power_root(cloud), name="power").resources()
    assert "wms infra bootstrap" in refused.value.remedy


def test_missing_credentials_say_how_to_sign_in(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "none")
    with pytest.raises(TerraformError) as refused:
        cloud.terraform(power_root(cloud), name="power").resources()
    assert "Sign in again" in refused.value.remedy


def test_a_mistake_in_the_hcl_is_told_in_terraforms_words(cloud: Cloud, stack_root: Path) -> None:
    (stack_root / "more.tf").write_text('output "x" { value = var.nowhere }\n')
    with pytest.raises(TerraformError, match="Reference to undeclared input variable"):
        cloud.terraform(stack_root, name="stack").apply(
            {"name": cloud.name, "region": "us-east-1", "instance_type": "t3.large"}
        )


def test_a_users_own_arguments_are_left_out_and_the_source_tree_stays_clean(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_ARGS_init", "-no-such-option")
    root = power_root(cloud)
    assert cloud.terraform(root, name="power").resources() == {}
    assert not (root / ".terraform").exists()
    assert (cloud.folder / "terraform/power/terraform.tfstate").exists()
