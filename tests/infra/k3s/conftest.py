"""What the tests of the node share: real PostgreSQL, moto's S3 and SSM, the AWS CLI, rendered manifests."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
import yaml
from moto.server import ThreadedMotoServer

from inputs.postgres import Postgres, missing, postgres_serving
from servers import free_port

ROOT = Path(__file__).parents[3]
NODE = ROOT / "devops/node"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with postgres_serving(free_port()) as found:
        yield found


@pytest.fixture(scope="session")
def aws() -> Iterator[dict[str, str]]:
    """Environment variables that lead the AWS CLI and boto3 to moto, and nowhere else."""
    if shutil.which("aws") is None:
        pytest.skip("the AWS CLI (aws) is not installed on this machine")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    server.stop()


def client(service: str, aws: dict[str, str]):  # type: ignore[no-untyped-def]
    return boto3.client(
        service,
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
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
    done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))
