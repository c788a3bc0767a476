"""The images of MLflow's server and of the service on their way to the node: built by main alone."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clouds import cloud_on
from rehearsal.cloud_stage import ACCOUNT, CloudStage, open_cloud_stage, watch_credentials
from rehearsal.engine.actions.base import ActionCall
from rehearsal.engine.node import Node
from rehearsal.engine.results import Run
from rehearsal.stage import ROOT, Stage

WORKFLOW = "mlflow-image.yml"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/wms-test-images"
DOCKER = """#!/bin/sh
[ "$1" != save ] || printf 'an image'
"""


@dataclass(frozen=True, kw_only=True)
class Yard:
    """A repository that can build the image, and who asked for credentials in it."""

    there: CloudStage
    credentials: list[ActionCall]


def press(stage: Stage, ref: str = "main") -> Run:
    """*Run workflow* on a branch."""
    stage.sim.dispatch(WORKFLOW, ref=ref)
    (run,) = stage.play()
    return run


@pytest.fixture
def yard(
    tmp_path: Path, node: Node, moto: str, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Yard]:
    """The real AWS CLI and scripts; a container tool that builds nothing in the place of Docker."""
    aws = shutil.which("aws")
    if aws is None:
        pytest.skip("the AWS CLI (aws) is not installed on this machine")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in (("docker", DOCKER), ("aws", f'#!/bin/sh\nexec {aws} "$@"\n')):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    cloud = cloud_on(moto, tmp_path, monkeypatch)
    with open_cloud_stage(tmp_path, node, cloud, mlflow_port=1, programs=[tools, programs]) as there:
        # Files that come by the template have no mode: these are programs.
        clone, left = there.stage.clone, shutil.ignore_patterns("dist")
        shutil.copytree(ROOT / "devops/containers", clone / "devops/containers", ignore=left)
        (clone / "devops/containers/serve/prepare.sh").write_text("#!/bin/sh\n")
        (clone / "pyproject.toml").write_text('version = "1"\n')
        (clone / "WMS/src/wms").mkdir(parents=True)
        (clone / "WMS/src/wms/code.py").touch()
        there.stage.commit_to_main({})
        there.stage.sim.world.secrets.clear()
        there.stage.sim.world.vars["AWS_IMAGES_ROLE_ARN"] = ROLE
        yield Yard(there=there, credentials=watch_credentials(there.stage))


def test_a_change_of_its_files_on_main_stores_the_image_where_the_node_looks_for_it(yard: Yard) -> None:
    stage = yard.there.stage
    stage.sim.push("main")
    stage.commit_to_main({"devops/containers/mlflow/new": "a change"})
    (run,) = [run for run in stage.sim.push("main") if run.workflow.endswith(WORKFLOW)]
    stage.play()
    run.expect("success", image="success")
    s3, keys = yard.there.cloud.client("s3"), yard.there.objects("node/images/")
    bodies = {key: s3.get_object(Bucket=yard.there.data_bucket, Key=key)["Body"].read() for key in keys}
    newest = bodies.pop("node/images/wms-serve/current").decode().strip()
    assert sorted(bodies) == [min(bodies), f"node/images/wms-serve/{newest}.tar.gz"]
    assert {gzip.decompress(body) for body in bodies.values()} == {b"an image"}
    (call,) = yard.credentials
    assert (call.inputs["role-to-assume"], call.inputs["aws-access-key-id"]) == (ROLE, "")
    assert "is there already" in press(stage).expect("success").jobs["image"].log


@pytest.mark.parametrize(
    ("ref", "settings"),
    [
        pytest.param("data/other", {"WMS_ENVIRONMENT": "test", "AWS_IMAGES_ROLE_ARN": ROLE}, id="not main"),
        pytest.param("main", {"WMS_ENVIRONMENT": "test"}, id="no role"),
        pytest.param("main", {"AWS_IMAGES_ROLE_ARN": ROLE}, id="no environment"),
    ],
)
def test_elsewhere_nothing_is_done_and_nobody_alarmed(
    stage: Stage, ref: str, settings: dict[str, str]
) -> None:
    stage.git("push", "--quiet", "origin", "HEAD:refs/heads/data/other")
    stage.sim.world.vars = settings
    press(stage, ref).expect("skipped", image="skipped")
