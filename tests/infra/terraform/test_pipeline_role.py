"""A run's calls to AWS, made as the role that the workflows take, in an account that enforces.

moto knows no conditions, and resources of S3 alone; so what the role may do elsewhere is held to its
actions here, and to its resources and conditions in `modules/policies/tests`. It also asks for rights
of its own where AWS takes `HEAD` for a read or a listing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from clouds import Cloud, enforcing, user_with
from infra.terraform.conftest import Terraform, policies
from wms.core.layout import Layout
from wms.core.progress import Silent
from wms.wiring import open_workspace

Wms = Callable[..., Result]
ACCOUNT = "123456789012"


HEADS = {"s3:GetObject": "s3:HeadObject", "s3:ListBucket": "s3:HeadBucket"}


def as_moto_knows_it(document: str) -> str:
    statements = json.loads(document)["Statement"]
    for statement in statements:
        statement["Action"] += [HEADS[action] for action in statement["Action"] if action in HEADS]
        if not all(action.startswith("s3:") for action in statement["Action"]):
            statement["Resource"] = ["*"]
            statement.pop("Condition", None)
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def node(cloud: Cloud) -> str:
    """What a person has made: buckets and a stopped instance."""
    for kind in ("data", "artifacts"):
        cloud.client("s3").create_bucket(Bucket=f"{cloud.name}-{kind}-{ACCOUNT}")
    cloud.node_says("ready")
    made = cloud.run_instance(Project=cloud.name)
    cloud.client("ec2").stop_instances(InstanceIds=[made])
    return made


@pytest.fixture
def as_pipeline(
    cloud: Cloud, node: str, moto: str, pure_terraform: Terraform, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """From here on everything is done by the role of the workflows."""
    buckets = {kind: f"{cloud.name}-{kind}-{ACCOUNT}" for kind in ("data", "artifacts", "state")}
    document = policies(pure_terraform, name=cloud.name, buckets=buckets)["pipeline"]
    key, secret = user_with(as_moto_knows_it(document), cloud.client("iam"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    with enforcing(moto):
        yield


@pytest.mark.usefixtures("as_pipeline")
def test_the_preflight_asks_nothing_that_the_role_may_not(wms: Wms) -> None:
    told = json.loads(wms("preflight", "--json").stdout)
    assert [line for line in told["lines"] if not line["ok"] or line["remedy"]] == []


@pytest.mark.usefixtures("as_pipeline")
def test_the_role_takes_the_lease_starts_the_node_and_stops_it(wms: Wms, cloud: Cloud, node: str) -> None:
    wms("up", "--holder", "run")
    assert json.loads(wms("status", "--json").stdout)["instance"] == "running"
    stopped = json.loads(wms("down", "--holder", "run", "--json").stdout)
    assert (stopped["instance"], stopped["remark"]) == ("stopped", "")


@pytest.mark.usefixtures("as_pipeline")
def test_the_role_stores_and_fetches_data_and_blobs(workspace: Path, tmp_path: Path) -> None:
    store = open_workspace(Layout.find(workspace).root, Silent()).ports.data_store
    for name in ("images/one.png", "masks/one.png"):
        path = tmp_path / "dataset" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode())
    stored = store.store_dataset(tmp_path / "dataset")
    store.fetch_dataset(stored.pointer, tmp_path / "fetched")
    assert (tmp_path / "fetched/images/one.png").read_bytes() == b"images/one.png"
    sha256 = store.put_blob(tmp_path / "dataset/masks/one.png")
    store.get_blob(sha256, tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == b"masks/one.png"
