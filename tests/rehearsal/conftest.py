"""One Node process for all rehearsals, and a fresh stage for each scenario."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouds import cloud_on, moto_serving
from quick import WMS, write_client
from rehearsal.cloud_stage import CloudStage, Door, open_cloud_stage
from rehearsal.engine.node import Node, absent
from rehearsal.stage import Stage, open_stage

GITHUBS_OWN = {"git", "lock", "on_dispatch", "_servers"}
"""What a stand-in for GitHub does not take over from another one, whose memory it does."""


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """GitHub's parser and evaluator; tests that need them are skipped where they are absent."""
    reason = absent()
    if reason:
        pytest.skip(reason)
    started = Node()
    yield started
    started.close()


@pytest.fixture(scope="session")
def programs(quick: str, quick_without_torch: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with a `wms` that starts quickly, with fakes for what is slow."""
    folder = tmp_path_factory.mktemp("bin")
    write_client(folder / "wms", quick_without_torch, "rehearsal.program:run", training=quick)
    return folder


@pytest.fixture(scope="session")
def real_programs(quick: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PATH with the real `wms`, which starts as quickly."""
    folder = tmp_path_factory.mktemp("bin")
    write_client(folder / "wms", quick, WMS)
    return folder


@pytest.fixture
def stage(tmp_path: Path, node: Node, programs: Path) -> Iterator[Stage]:
    """A repository without a cloud, with nothing in production."""
    with open_stage(tmp_path, node, programs=[programs]) as opened:
        yield opened


@pytest.fixture(scope="session")
def first_promotion(tmp_path_factory: pytest.TempPathFactory, node: Node, programs: Path) -> Iterator[Stage]:
    """A repository whose first push was promoted; it is only copied from."""
    with open_stage(tmp_path_factory.mktemp("promoted"), node, programs=[programs]) as opened:
        opened.push_pairs("first", seed=1)
        for run in opened.play():
            run.expect("success")
        yield opened


@pytest.fixture
def promoted(stage: Stage, first_promotion: Stage) -> Stage:
    """The same after a first push was promoted: model 1, of middling skill, and 24 samples."""
    shutil.rmtree(stage.remote)
    shutil.copytree(first_promotion.remote, stage.remote)
    for name, value in vars(first_promotion.github).items():
        if name not in GITHUBS_OWN:
            setattr(stage.github, name, copy.deepcopy(value))
    stage.sim.continue_from(first_promotion.sim)
    stage.runs, stage.started = list(first_promotion.runs), first_promotion.started
    return stage


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """A cloud for all scenarios; each has an environment of its own in it."""
    with moto_serving() as endpoint:
        yield endpoint


@pytest.fixture
def door() -> Iterator[Door]:
    """The node's MLflow, as far as the way to it is concerned."""
    opened = Door()
    yield opened
    opened.shut()


@pytest.fixture
def there(
    tmp_path: Path, node: Node, moto: str, door: Door, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CloudStage]:
    """A repository with a cloud, with nothing in production and a stopped node."""
    cloud = cloud_on(moto, tmp_path, monkeypatch)
    with open_cloud_stage(tmp_path, node, cloud, mlflow_port=door.server_port, programs=[programs]) as opened:
        yield opened
