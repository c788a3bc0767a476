"""One push with AWS from its branch to production, by the role that GitHub's tokens may take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clouds import cloud_on
from rehearsal.cloud_stage import CloudStage, Door, after, open_cloud_stage, watch_credentials
from rehearsal.engine.actions.base import ActionCall
from rehearsal.engine.hooks import cancel_during, during
from rehearsal.engine.node import Node
from rehearsal.engine.results import Run

TRAINING_BEGINS = "fetching the dataset"
"""What `wms train` says first."""

ROLE = "arn:aws:iam::123456789012:role/wms-pipeline"


@dataclass(frozen=True, kw_only=True)
class Promoted:
    """A first push as it was taken: its run, the instance and its holders as the training ended."""

    there: CloudStage
    run: Run
    deploy: Run
    instance_then: str
    holders_then: list[str]
    credentials: list[ActionCall]


@pytest.fixture(scope="module")
def promoted(
    tmp_path_factory: pytest.TempPathFactory, node: Node, moto: str, programs: Path
) -> Iterator[Promoted]:
    """There are no keys; when some end must not matter then."""
    folder, door = tmp_path_factory.mktemp("promoted"), Door()
    with pytest.MonkeyPatch.context() as monkeypatch:
        cloud = cloud_on(moto, folder, monkeypatch)
        with open_cloud_stage(
            folder, node, cloud, mlflow_port=door.server_port, programs=[programs]
        ) as there:
            world, stage = there.stage.sim.world, there.stage
            world.secrets.clear()
            world.vars |= {"AWS_ROLE_ARN": ROLE, "WMS_CREDENTIALS_EXPIRE_AT": after(minutes=1)}
            calls, seen = watch_credentials(stage), []
            look = during("train", lambda: seen.extend([there.instance, there.holders]), line=TRAINING_BEGINS)
            stage.sim.watch(look)
            stage.push_pairs("first", seed=1)
            run, deploy = stage.play()
            run.expect("success", data="success", publish="success", infra_down="skipped", report="success")
            yield Promoted(
                there=there,
                run=run,
                deploy=deploy.expect("success"),
                instance_then=seen[0],
                holders_then=seen[1],
                credentials=list(calls),
            )
    door.shut()


def test_main_has_the_model_and_the_data(promoted: Promoted) -> None:
    stage = promoted.there.stage
    assert (stage.production, stage.samples) == (1, 24)
    assert len(stage.pulls("merged")) == 1
    assert stage.branches == []


def test_the_instance_ran_for_the_training_and_is_stopped(promoted: Promoted) -> None:
    there = promoted.there
    assert promoted.instance_then == "running"
    assert there.instance == "stopped"


def test_the_lease_was_the_runs_and_is_history(promoted: Promoted) -> None:
    book = promoted.there.book
    (lease,) = book.history
    assert promoted.holders_then == [lease.holder]
    assert (lease.purpose, book.leases, book.stopping) == ("training", (), None)
    assert lease.instance_seconds > 0
    assert len(book.sessions) == 1


def test_images_and_weights_are_in_the_data_bucket(promoted: Promoted) -> None:
    there = promoted.there
    images_and_their_listing = 2 * 24 + 1
    assert len(there.objects("dvc/files/md5/")) == images_and_their_listing
    weights = json.loads(there.stage.at_main("model-metadata.json"))["weights_sha256"]
    assert there.objects(f"dvc/wms-blobs/sha256/{weights[:2]}/{weights[2:]}")


def test_the_model_is_deployed_from_there_while_the_instance_is_off(promoted: Promoted) -> None:
    assert "model.onnx" in promoted.deploy.artifacts["model"].files


def test_every_job_took_the_role_and_no_keys_for_as_long_as_it_may_run(promoted: Promoted) -> None:
    jobs = {call.runner.job for call in promoted.credentials}
    assert jobs == {"data", "train", "publish", "report", "deploy"}
    for call in promoted.credentials:
        assert call.inputs["role-to-assume"] == ROLE
        assert call.inputs["aws-access-key-id"] == call.inputs["aws-session-token"] == ""
    train = promoted.run.jobs["train"]
    (call,) = [call for call in promoted.credentials if call.runner.job == "train"]
    assert int(call.inputs["role-duration-seconds"]) >= train.timeout_minutes * 60


# The last one: it starts the instance again.
@pytest.mark.soak
def test_the_alias_follows_when_the_instance_is_up_next(promoted: Promoted) -> None:
    there, stage = promoted.there, promoted.there.stage
    (version,) = there.registry.versions()
    assert there.registry.production() is None
    stage.retrain()
    stage.sim.watch(cancel_during("train", line=TRAINING_BEGINS))
    (run,) = stage.play()
    run.expect("cancelled", train="cancelled", infra_down="skipped")
    assert there.registry.production() == version.version
    assert there.instance == "stopped"
