"""What the tests of the node share: real PostgreSQL, moto's S3 and SSM, the AWS CLI, rendered manifests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from clouds import CREDENTIALS
from inputs.postgres import Postgres, missing, postgres_serving
from servers import free_port

ROOT = Path(__file__).parents[3]
NODE = ROOT / "devops/node"


def run(
    *words: str | Path, code: int | None = 0, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program; without a `code` it may end with any."""
    done = subprocess.run(words, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with postgres_serving(free_port()) as found:
        yield found


@pytest.fixture(scope="session")
def aws(moto: str) -> dict[str, str]:
    """Environment variables that lead the AWS CLI and boto3 to moto, and nowhere else."""
    if shutil.which("aws") is None:
        pytest.skip("the AWS CLI (aws) is not installed on this machine")
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**CREDENTIALS, **nowhere, "AWS_ENDPOINT_URL": moto}


def client(service: str, aws: dict[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name=aws["AWS_DEFAULT_REGION"],
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture
def data_bucket(aws: dict[str, str], tmp_path: Path) -> str:
    name = tmp_path.name.replace("_", "-").lower()[:50].strip("-") + "-data"
    s3 = client("s3", aws)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def node_root(tmp_path: Path, data_bucket: str, quick_aws: None) -> Path:
    """A folder that stands for the node's /, with what Terraform's user data leaves there."""
    root = tmp_path / "node root"
    (root / "etc/wms").mkdir(parents=True)
    (root / "etc/fstab").write_text("# nothing yet\n")
    (root / "etc/wms/node.env").write_text(
        f"WMS_NAME=wms-test\nWMS_DATA_BUCKET={data_bucket}\nWMS_ARTIFACTS_BUCKET=wms-test-artifacts\n"
        f"WMS_DATA_DEVICE='{tmp_path}/device'\nAWS_DEFAULT_REGION=us-east-1\n"
    )
    return root


def render(folder: Path) -> list[dict]:
    """The manifests of a kustomization, by the real kustomize."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl, which holds kustomize, is not installed on this machine")
    return list(yaml.safe_load_all(run("kubectl", "kustomize", folder).stdout))
