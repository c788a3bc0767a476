"""The MLflow server's image on its way to the node: built by main alone, by a role of its own."""

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
from rehearsal.stage import ROOT

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

    def press(self, ref: str | None = None) -> Run:
        """*Run workflow* on a branch."""
        self.there.stage.sim.dispatch(WORKFLOW, ref=ref)
        (run,) = self.there.stage.play()
        return run

    @property
    def images(self) -> list[str]:
        """The keys of the images that are stored."""
        return self.there.objects("node/images/")


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
        shutil.copytree(ROOT / "devops/containers", there.stage.clone / "devops/containers")
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
    (key,) = yard.images
    stored = yard.there.cloud.client("s3").get_object(Bucket=yard.there.data_bucket, Key=key)
    assert gzip.decompress(stored["Body"].read()) == b"an image"
    (call,) = yard.credentials
    assert (call.inputs["role-to-assume"], call.inputs["aws-access-key-id"]) == (ROLE, "")
    assert "is there already" in yard.press().expect("success").jobs["image"].log


def test_another_branch_stores_nothing(yard: Yard) -> None:
    stage = yard.there.stage
    stage.git("push", "--quiet", "origin", "HEAD:refs/heads/data/other")
    yard.press("data/other").expect("skipped", image="skipped")
    assert (yard.images, yard.credentials) == ([], [])


@pytest.mark.parametrize("missing", ["WMS_ENVIRONMENT", "AWS_IMAGES_ROLE_ARN"])
def test_without_an_environment_or_the_role_nothing_is_done_and_nobody_alarmed(
    yard: Yard, missing: str
) -> None:
    del yard.there.stage.sim.world.vars[missing]
    yard.press().expect("skipped", image="skipped")
    assert (yard.images, yard.credentials) == ([], [])
