"""An AWS account on this machine: moto's server, reached by the real `terraform` through a fake provider."""

from __future__ import annotations

import collections
import contextlib
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from filelock import FileLock

from wms.adapters.aws.compute import AwsCompute
from wms.adapters.aws.ec2 import Ec2
from wms.adapters.aws.session import Aws
from wms.adapters.aws.terraform import Terraform
from wms.core.records.node import NodeCheck, NodeReport
from wms.core.settings.infra import DUMP_KEY, NODE_REPORT_KEY

ROOT = Path(__file__).parents[1]
PROVIDER = ROOT / "tests/infra/provider"
ENVIRONMENT = ROOT / ".cache/fake-aws-provider"
VERSION = "6.25.0"
MOTO_IMAGE = "ami-03cf127a"
"""One of moto's own machine images; to list its 1,300 takes a second."""

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_MAX_ATTEMPTS": "1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextlib.contextmanager
def moto_serving() -> Iterator[str]:
    """Run moto's server; yields its address. All accounts and services of it are empty at first.

    It has a process of its own, for all servers in one process share their accounts.
    """
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = ""
        while (address := re.search(r"http://127\.0\.0\.1:\d+", said)) is None:
            line = server.stderr.readline()
            assert line, f"moto did not start: {said}"
            said += line
        # A full pipe would stop it: it writes a line for each request.
        threading.Thread(target=collections.deque, args=(server.stderr, 0), daemon=True).start()
        try:
            yield address[0]
        finally:
            server.terminate()


def user_with(document: str, iam: Any) -> tuple[str, str]:
    """A user who may do what a document says and no more; returns the key and its secret."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=document)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return made["AccessKeyId"], made["SecretAccessKey"]


@contextlib.contextmanager
def enforcing(endpoint: str) -> Iterator[None]:
    """Within, moto denies what no policy allows."""
    _enforce_after(endpoint, b"0")
    try:
        yield
    finally:
        _enforce_after(endpoint, b"inf")


def _enforce_after(endpoint: str, requests: bytes) -> None:
    plain = {"Content-Type": "text/plain"}
    asked = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", data=requests, headers=plain)  # noqa: S310
    urllib.request.urlopen(asked).read()  # noqa: S310


def enter_cloud(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Lead everything that speaks to AWS to `endpoint`, by nothing but the environment."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)


def terraform_configuration(folder: Path) -> Path:
    """A configuration of the real `terraform` by which `hashicorp/aws` is the fake provider.

    The test is skipped where there is no `terraform`, or where the provider's own packages cannot be had.
    """
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform binary on this machine")
    mirror = folder / f"mirror/registry.terraform.io/hashicorp/aws/{VERSION}"
    # Terraform names its own platform; the others cost nothing.
    for platform in ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"):
        program = mirror / platform / f"terraform-provider-aws_v{VERSION}"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\nexec "{_provider_python()}" "{PROVIDER / "main.py"}" "$@"\n')
        program.chmod(0o755)
    configuration = folder / "terraform.rc"
    configuration.write_text(
        "disable_checkpoint = true\n"
        f'provider_installation {{\n  filesystem_mirror {{ path = "{folder / "mirror"}" }}\n}}\n'
    )
    return configuration


def _provider_python() -> Path:
    """The interpreter of the provider's own environment, made when it is first wanted."""
    wanted = (PROVIDER / "requirements.txt").read_text()
    python, stamp = ENVIRONMENT / "bin/python", ENVIRONMENT / "requirements.txt"
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with FileLock(ENVIRONMENT.with_suffix(".lock"), timeout=300):
        if not stamp.exists() or stamp.read_text() != wanted:
            uv = Path(sys.executable).with_name("uv")
            make = ("venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT)
            fill = ("pip", "install", "--quiet", "--python", python, "-r", PROVIDER / "requirements.txt")
            for words in (make, fill):
                done = subprocess.run([uv, *words], capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    pytest.skip(f"the fake provider's packages cannot be had: {done.stderr.strip()[-300:]}")
            stamp.write_text(wanted)
    return python


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """An environment of its own in moto's account: a name, a bucket for the state, a folder."""

    name: str
    folder: Path
    bucket: str
    backend_file: Path

    def client(self, service: str) -> Any:
        return boto3.client(service)

    def run_instance(self, **tags: str) -> str:
        """Run an instance of the environment's name, as the stack would; returns its ID."""
        named = {"Name": f"{self.name}-node", **tags}
        made = self.client("ec2").run_instances(
            ImageId=MOTO_IMAGE,
            InstanceType="t3.large",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[
                {
                    "ResourceType": "instance",
                    "Tags": [{"Key": key, "Value": value} for key, value in named.items()],
                }
            ],
        )
        return str(made["Instances"][0]["InstanceId"])

    def node_says(self, stage: str, *, why: str = "", **refused: str) -> None:
        """As if the node, of which moto runs nothing, had written its report after every start to come."""
        bucket = f"{self.name}-data-123456789012"
        report = node_report(stage, why=why, **refused).to_json()
        self.client("s3").put_object(Bucket=bucket, Key=NODE_REPORT_KEY, Body=report)

    def dumps(self) -> None:
        """As if the node had stored a dump of its database."""
        bucket = f"{self.name}-data-123456789012"
        self.client("s3").put_object(Bucket=bucket, Key=DUMP_KEY, Body=b"a dump")

    def instance_state(self, instance_id: str) -> str:
        found = self.client("ec2").describe_instances(InstanceIds=[instance_id])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def terraform(self, root: Path, *, name: str, **options: Any) -> Terraform:
        return Terraform(
            root,
            data=self.folder / "terraform" / name,
            backend_file=self.backend_file,
            backend={"bucket": self.bucket, "region": "us-east-1"},
            **options,
        )


def cloud_on(endpoint: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """An environment that nobody else uses, and the shell's environment that leads to it."""
    enter_cloud(monkeypatch, endpoint)
    # The last part of a name is the environment's, as the stack wants it.
    name = "wms-" + re.sub(r"[^a-z0-9]+", "-", folder.name.lower())[-18:].strip("-") + "-test"
    bucket = f"{name}-state-123456789012"
    boto3.client("s3").create_bucket(Bucket=bucket)
    backend_file = folder / "cloud/backend.hcl"
    backend_file.parent.mkdir()
    # moto has no host names for buckets.
    backend_file.write_text("use_path_style = true\n")
    return Cloud(name=name, folder=folder / "cloud", bucket=bucket, backend_file=backend_file)


def lead_terraform(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `terraform` find the fake provider; skips the test where it cannot be run."""
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(terraform_configuration(cloud.folder)))


def node_report(stage: str, *, why: str = "", **refused: str) -> NodeReport:
    """What a node writes on which all works but what was refused, of a boot that is later than any start."""
    checks = [NodeCheck(what=what.replace("_", " "), ok=False, result=said) for what, said in refused.items()]
    later = datetime.now(UTC) + timedelta(days=1)
    return NodeReport(
        stage=stage,
        why=why,
        boot_id="later",
        booted_at=later,
        reported_at=later,
        checks=tuple(checks),
        versions={},
    )


def power_root(cloud: Cloud) -> Path:
    """A copy of the root that holds the switch, without the lock file of the real provider."""
    root = cloud.folder / "roots/power"
    if not root.exists():
        left = shutil.ignore_patterns(".terraform.lock.hcl")
        shutil.copytree(ROOT / "devops/terraform/power", root, ignore=left)
    return root


def aws_compute(
    cloud: Cloud,
    *,
    lock_seconds: int = 2,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AwsCompute:
    """The instance of `cloud` behind its switch."""
    return AwsCompute(
        f"{cloud.name}-node",
        ec2=Ec2(Aws("us-east-1")),
        switch=lambda: cloud.terraform(power_root(cloud), name="power"),
        lock_seconds=lock_seconds,
        clock=clock,
    )
