"""A model on its way to where it is used: the page on GitHub Pages or in the release, the node."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from fakes.github.records import Deployment
from rehearsal.cloud_stage import CloudStage
from rehearsal.engine.actions.pages import Site, site_serving
from rehearsal.engine.results import Run
from rehearsal.stage import Stage
from wms.core.records.deployment import NodeDeployment, WantedModel
from wms.core.settings.infra import DEPLOYED_KEY, WANTED_KEY

WORKFLOW = "deploy-model.yml"
NODE_AND_PAGES = {
    "WMS/configs/deploy.yaml": "targets: [node, pages]\nsmoke_tolerance: 0.02\nnode_wait_minutes: 1\n"
}


def deploy(stage: Stage, version: str = "") -> Run:
    """*Run workflow*, by hand."""
    stage.sim.dispatch(WORKFLOW, {"version": version})
    (run,) = stage.play()
    return run


def digest(stage: Stage) -> str:
    return str(json.loads(stage.at_main("model-metadata.json"))["onnx_sha256"])


@pytest.fixture
def site(promoted: Stage) -> Iterator[Site]:
    """GitHub Pages are on, from workflows."""
    promoted.github.settings.pages = "workflow"
    with site_serving() as opened:
        promoted.sim.world.actions["actions/deploy-pages"] = opened.action
        yield opened


@pytest.mark.parametrize("pages", [None, "legacy"], ids=["off", "from a branch"])
def test_where_pages_are_off_the_page_is_in_the_release(promoted: Stage, pages: str | None) -> None:
    promoted.github.settings.pages = pages
    run = deploy(promoted).expect("success", deploy="success", pages="skipped", release="success")
    assert "Settings > Pages > Source > GitHub Actions" in run.jobs["deploy"].log
    (release,) = promoted.github.releases.values()
    (page,) = [asset for asset in release.assets if asset.name == "page.zip"]
    with zipfile.ZipFile(io.BytesIO(page.data)) as archive:
        assert {"index.html", "model.json", "model.onnx"} <= set(archive.namelist())


def test_after_a_promotion_and_a_rollback_the_page_is_on_github_pages_by_itself(
    promoted: Stage, site: Site
) -> None:
    promoted.retrain(seed="100", reason="a better seed")
    pipeline, run = promoted.play()
    pipeline.expect("success")
    run.expect("success", deploy="success", pages="success", release="skipped")
    assert (promoted.production, promoted.samples) == (2, 24)
    assert run.jobs["pages"].environment == {"name": "github-pages", "url": site.url}
    assert digest(promoted) in (site.folder / "model.json").read_text()

    promoted.sim.dispatch("rollback.yml", {"reason": "worse in the field"})
    rollback, run = promoted.play()
    rollback.expect("success", rollback="success", ci="skipped", merge="skipped")
    assert promoted.production == 1
    pull = promoted.pulls("merged")[-1]
    assert "worse in the field" in pull.body
    assert promoted.statuses(pull.head_sha) == {"ci": "success", "wms/quality-gate": "success"}
    assert promoted.branches == []
    run.expect("success", pages="success")
    assert digest(promoted) in (site.folder / "model.json").read_text()


def test_without_a_target_nothing_is_deployed_and_what_to_set_is_said(promoted: Stage) -> None:
    nowhere = "targets: []\nsmoke_tolerance: 0.02\nnode_wait_minutes: 1\n"
    promoted.commit_to_main({"WMS/configs/deploy.yaml": nowhere})
    run = deploy(promoted).expect("success", deploy="success", pages="skipped", release="skipped")
    assert "name a target in WMS/configs/deploy.yaml" in run.jobs["deploy"].log


def answer_as_the_node(there: CloudStage, wanted: bytes, **changes: object) -> None:
    """What `devops/node/deploy` writes once it ran."""
    wish = WantedModel.from_json(wanted, source="the bucket")
    answer = NodeDeployment(
        state="serving",
        why="",
        wanted_sha256=wish.digest,
        version=wish.version,
        onnx_sha256=wish.onnx_sha256,
        dice=0.97,
        image="1-abc",
        reported_at=datetime.now(UTC),
    ).model_copy(update=changes)
    there.cloud.client("s3").put_object(Bucket=there.data_bucket, Key=DEPLOYED_KEY, Body=answer.to_json())


def node_deployment(stage: Stage) -> Deployment:
    """The newest one to the node."""
    return [each for each in stage.github.deployments.values() if each.environment == "node-test"][-1]


def press_infra(stage: Stage) -> Run:
    stage.sim.dispatch("infra.yml", {"action": "status"})
    (run,) = stage.play()
    return run


def test_a_stopped_node_takes_the_model_when_it_runs_and_then_the_record_says_so(there: CloudStage) -> None:
    stage = there.stage
    stage.commit_to_main(NODE_AND_PAGES)
    stage.push_pairs("first", seed=1)
    pipeline, run = stage.play()
    pipeline.expect("success")
    run.expect("success", deploy="success", release="success")
    assert "the instance is stopped; it takes model v1 when it runs next" in run.jobs["deploy"].log
    s3 = there.cloud.client("s3")
    wanted = s3.get_object(Bucket=there.data_bucket, Key=WANTED_KEY)["Body"].read()
    names = set(json.loads(wanted)["files"])
    assert {"model.json", "model.onnx", "smoke/smoke.json", "smoke/photograph.png"} <= names
    assert len(there.objects("deploy/models/")) == len(names)
    assert node_deployment(stage).state == "queued"
    assert node_deployment(stage).states[-1][2].endswith(f"/actions/runs/{run.id}")

    press_infra(stage).expect("success")
    assert node_deployment(stage).state == "queued"
    answer_as_the_node(there, wanted)
    press_infra(stage).expect("success")
    press_infra(stage).expect("success")
    assert [state for state, _, _ in node_deployment(stage).states] == ["queued", "success"]

    # The same model again, and then one that the node refuses.
    assert "the node serves model v1" in deploy(stage).expect("success").jobs["deploy"].log
    answer_as_the_node(there, wanted, state="failed", why="its Dice is 0.2", onnx_sha256=None)
    deploy(stage).expect("success")
    assert node_deployment(stage).state == "queued"
    again = s3.get_object(Bucket=there.data_bucket, Key=WANTED_KEY)["Body"].read()
    answer_as_the_node(there, again, state="failed", why="its Dice is 0.2", onnx_sha256=None)
    assert "the node refused model v1: its Dice is 0.2" in press_infra(stage).expect("failure").log
    assert node_deployment(stage).state == "failure"
    press_infra(stage).expect("success")
