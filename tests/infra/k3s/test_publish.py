"""Images on their way to the node: stored once under the name of what they are made of, with their digest."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.k3s.conftest import ROOT, client, run
from wms.core.settings.infra import load_infra_settings

PUBLISH = ROOT / "devops/containers/publish.sh"
BUILDER = """#!/bin/sh
echo "$@" >>"$CALLS"
[ "$1" != save ] || printf 'an image'
"""


@pytest.fixture
def environment(aws: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A container tool that notes what it is asked, in the place of Docker."""
    builder = tmp_path / "builder"
    builder.write_text(BUILDER)
    builder.chmod(0o755)
    return {**os.environ, **aws, "CONTAINER_TOOL": str(builder), "CALLS": str(tmp_path / "calls")}


def publish(
    environment: dict[str, str], *bucket: str, code: int | None = 0
) -> subprocess.CompletedProcess[str]:
    return run(PUBLISH, "mlflow", *bucket, environment=environment, code=code)


def test_an_image_is_stored_once_where_the_node_looks_for_it(
    environment: dict[str, str], aws: dict[str, str], data_bucket: str, tmp_path: Path
) -> None:
    publish(environment, data_bucket)
    tag = run(PUBLISH.with_name("tag.sh"), "mlflow").stdout.strip()
    stored = client("s3", aws).get_object(Bucket=data_bucket, Key=f"node/images/wms-mlflow/{tag}.tar.gz")
    body = stored["Body"].read()
    assert gzip.decompress(body) == b"an image"
    assert stored["Metadata"]["sha256"] == hashlib.sha256(body).hexdigest()
    calls = (tmp_path / "calls").read_text()
    assert f"--tag localhost/wms-mlflow:{tag} ." in calls

    again = publish(environment, data_bucket)
    assert "is there already" in again.stdout
    assert (tmp_path / "calls").read_text() == calls


def test_the_newest_image_of_the_service_is_named_for_the_node(
    environment: dict[str, str], aws: dict[str, str], data_bucket: str, tmp_path: Path
) -> None:
    """Also where it is there already, as after a change that was taken back."""
    folder = tmp_path / "devops/containers"
    shutil.copytree(PUBLISH.parent, folder, ignore=shutil.ignore_patterns("dist"))
    (folder / "serve/prepare.sh").write_text("#!/bin/sh\n")
    (tmp_path / "Makefile").write_text("web:\n")
    for name in ("WMS/src/wms", "WMS/configs"):
        (tmp_path / name).mkdir(parents=True)
    current = "node/images/wms-serve/current"

    def newest(code: str) -> str:
        (tmp_path / "pyproject.toml").write_text(f'version = "{code}"\n')
        run(folder / "publish.sh", "serve", data_bucket, environment=environment)
        return client("s3", aws).get_object(Bucket=data_bucket, Key=current)["Body"].read().decode()

    first, second = newest("1"), newest("2")
    assert (first[:2], second[:2], newest("1")) == ("1-", "2-", first)


def test_in_an_environment_the_bucket_is_that_of_wms(
    environment: dict[str, str], aws: dict[str, str]
) -> None:
    bucket = load_infra_settings(ROOT, "dev").data_bucket("123456789012")
    client("s3", aws).create_bucket(Bucket=bucket)
    done = publish({**environment, "WMS_ENVIRONMENT": "dev"})
    (stored,) = client("s3", aws).list_objects_v2(Bucket=bucket)["Contents"]
    assert f"stored s3://{bucket}/{stored['Key']}" in done.stdout


@pytest.mark.parametrize(("name", "says"), [("", "set WMS_ENVIRONMENT"), ("nowhere", "nowhere")])
def test_without_a_bucket_or_an_environment_nothing_is_built(
    environment: dict[str, str], tmp_path: Path, name: str, says: str
) -> None:
    done = publish({**environment, "WMS_ENVIRONMENT": name}, code=None)
    assert done.returncode != 0
    assert says in done.stderr
    assert not (tmp_path / "calls").exists()


def test_a_bucket_that_cannot_be_asked_is_an_error_before_anything_is_built(
    environment: dict[str, str], tmp_path: Path
) -> None:
    unreachable = {**environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    assert "could not be asked for" in publish(unreachable, "somewhere", code=1).stderr
    assert not (tmp_path / "calls").exists()
