"""`wms deploy` after a promotion: the page in a folder, and a node that answers as told."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result

from fakes.github import FakeGitHub
from pipeline.conftest import Open, on_github, open_small_workspace, production
from rehearsal.program import small_page
from wms.adapters.absent import Absent
from wms.cli.app import root
from wms.core.context import Context, Environment
from wms.core.errors import DeploymentError, ForgeError
from wms.core.files import write_bytes
from wms.core.records.deployment import NodeDeployment, TargetResult, WantedModel
from wms.deploy.node import deploy_to_node, settle
from wms.model import page


@pytest.fixture
def small_workspace(good_promotion: Path, written_training: object, tmp_path: Path) -> Open:
    """With a model in production."""
    root = shutil.copytree(good_promotion, tmp_path / "work", symlinks=True)
    return lambda: open_small_workspace(root)


@pytest.fixture
def promoted(typed_in: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setattr(page, "write_page", small_page)
    return typed_in


def typed(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(root, ["deploy", *words])
    assert result.exit_code == code, result.output
    return result


def test_the_page_of_the_model_in_production_is_written_after_a_trial(
    promoted: Context, tmp_path: Path
) -> None:
    digest = production(promoted).onnx_sha256
    assert "add --out" in typed(code=4).output.lower()
    assert "would write its page" in typed("--dry-run").output
    document = json.loads(typed("--target", "pages", "--out", str(tmp_path / "page"), "--json").stdout)
    assert (document["onnx_sha256"], document["targets"][0]["state"]) == (digest, "written")
    assert document["dice"] > 0.9
    assert digest in (tmp_path / "page/model.json").read_text()


def test_without_a_target_one_sentence_says_what_to_set(promoted: Context) -> None:
    assert "name a target in WMS/configs/deploy.yaml" in typed("--target", "none").output


def test_the_node_needs_an_environment(promoted: Context) -> None:
    assert "no deployment waits" in typed("--settle").output
    assert "needs an environment" in typed("--target", "node", code=4).output


@dataclass
class ToldNode:
    """A node in memory; it answers a wish as `then` says, once it runs."""

    then: dict[str, Any] | None = None
    wish: WantedModel | None = None
    wishes: int = 0
    given: NodeDeployment | None = None

    def wanted(self) -> WantedModel | None:
        return self.wish

    def want(self, wanted: WantedModel, folder: Path) -> None:
        assert all((folder / name).is_file() for name in wanted.files)
        self.wish, self.wishes = wanted, self.wishes + 1

    def deployed(self) -> NodeDeployment | None:
        return self.given

    def answer(self, _: float = 0) -> None:
        """What happens while somebody waits."""
        assert self.wish is not None
        values = {"state": "serving", "why": "", "dice": 0.97, "onnx_sha256": self.wish.onnx_sha256}
        self.given = NodeDeployment(
            **(values | (self.then or {})),
            wanted_sha256=self.wish.digest,
            version=self.wish.version,
            image="1-abc",
            reported_at=datetime.now(UTC),
        )


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A workspace on GitHub with a node, and the files of its model."""

    ctx: Context
    node: ToldNode
    github: FakeGitHub
    folder: Path

    def deploy(self) -> TargetResult:
        model = production(self.ctx)
        assert model is not None
        return deploy_to_node(self.ctx, model, self.folder, pause=self.node.answer)

    @property
    def states(self) -> list[list[str]]:
        """Of every deployment, oldest first."""
        return [[state for state, _, _ in each.states] for each in self.github.deployments.values()]


@pytest.fixture
def setting(small_workspace: Open, github: FakeGitHub, tmp_path: Path) -> Setting:
    ctx = on_github(small_workspace(), github)
    node = ToldNode()
    environment = Environment(
        name="dev", settings=cast("Any", None), account=cast("Any", None), node=cast("Any", node)
    )
    write_bytes(tmp_path / "model/model.onnx", b"a graph")
    github.callers[github.actions_token] = replace(
        github.callers[github.actions_token], permissions={"deployments": "write", "contents": "read"}
    )
    return Setting(
        ctx=replace(ctx, environment=environment), node=node, github=github, folder=tmp_path / "model"
    )


def test_a_stopped_node_is_asked_and_nobody_waits(setting: Setting) -> None:
    assert setting.deploy().state == "wanted"
    assert setting.deploy().state == "wanted"
    assert setting.node.wishes == 1
    assert setting.states == [["queued"]]
    assert settle(setting.ctx) is None


def test_a_running_node_is_waited_for_and_the_same_model_asked_for_once(setting: Setting) -> None:
    setting.ctx.ports.compute.up()
    assert setting.deploy().state == "deployed"
    assert setting.deploy().state == "unchanged"
    assert setting.node.wishes == 1
    assert setting.states[0][:3] == ["queued", "in_progress", "success"]


@pytest.mark.parametrize(
    ("then", "says"),
    [
        ({"state": "failed", "why": "its Dice is 0.2"}, "its Dice is 0.2"),
        ({"onnx_sha256": "f" * 64}, "its service reports the model ffffffffffff"),
    ],
    ids=["refused", "another digest"],
)
def test_a_model_that_the_node_does_not_serve_is_an_error(
    setting: Setting, then: dict[str, Any], says: str
) -> None:
    setting.ctx.ports.compute.up()
    setting.node.then = then
    with pytest.raises(DeploymentError, match=says):
        setting.deploy()
    assert setting.states[-1][-1] == "failure"


def test_a_refused_model_is_asked_for_again_when_somebody_types_it_again(setting: Setting) -> None:
    setting.ctx.ports.compute.up()
    setting.node.then = {"state": "failed", "why": "no"}
    with pytest.raises(DeploymentError):
        setting.deploy()
    setting.node.then = None
    assert setting.deploy().state == "deployed"
    assert setting.node.wishes == 2
    assert setting.states[-1][-1] == "success"


def test_what_a_node_did_later_is_told_once(setting: Setting) -> None:
    setting.deploy()
    setting.node.answer()
    told = settle(setting.ctx)
    assert told is not None
    assert told.said.startswith("the node serves model v1")
    assert settle(setting.ctx) is None
    assert setting.states == [["queued", "success"]]


def test_a_newer_image_that_fails_later_is_told_once_and_so_is_one_that_works(setting: Setting) -> None:
    """The wish stays the same, and its deployment was a success."""
    setting.deploy()
    setting.node.answer()
    settle(setting.ctx)
    setting.node.then = {"state": "failed", "why": "its Dice is 0.2"}
    setting.node.answer()
    with pytest.raises(DeploymentError, match=r"its Dice is 0\.2 \(image 1-abc\)"):
        settle(setting.ctx)
    assert settle(setting.ctx) is None
    setting.node.then = None
    setting.node.answer()
    settle(setting.ctx)
    assert settle(setting.ctx) is None
    assert setting.states == [["queued", "success", "failure", "success"]]


@pytest.mark.parametrize("answered", [False, True])
def test_a_replaced_wish_does_not_wait_for_ever(setting: Setting, answered: bool) -> None:
    setting.deploy()
    setting.node.then = {"state": "waiting", "why": "no image"}
    if answered:
        setting.node.answer()
    write_bytes(setting.folder / "model.onnx", b"another graph")
    setting.deploy()
    setting.node.then = None
    setting.node.answer()
    settle(setting.ctx)
    assert setting.states == [["queued", "inactive"], ["queued", "success"]]


@pytest.mark.parametrize("without_instance", [False, True])
def test_what_the_node_did_is_told_whatever_the_settings_name(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, without_instance: bool
) -> None:
    assert setting.ctx.environment is not None
    assert setting.ctx.deploy_settings.targets == ("pages",)
    setting.deploy()
    setting.node.answer()
    environment = replace(setting.ctx.environment, without_instance=without_instance)
    ctx = replace(setting.ctx, environment=environment)
    # What opens this workspace from its files would look for a real cloud.
    monkeypatch.setattr("wms.cli.common.wiring.open_workspace", lambda *_, **__: ctx)
    said = typed("--settle").output
    assert ("no deployment waits" if without_instance else "the node serves model v1") in said


def test_where_the_forge_is_away_the_node_is_asked_all_the_same(setting: Setting) -> None:
    away = cast("Any", Absent(ForgeError("no token")))
    ctx = replace(setting.ctx, ports=replace(setting.ctx.ports, forge=away))
    assert replace(setting, ctx=ctx).deploy().state == "wanted"
    assert setting.node.wish is not None
    assert setting.node.wish.deployment is None
    assert setting.states == []
