"""One Node process for all rehearsals, and a fresh stage for each scenario."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clouds import cloud_on, moto_serving
from rehearsal.cloud_stage import CloudStage, Door, open_cloud_stage
from rehearsal.engine.node import Node, absent
from rehearsal.quick import write_client
from rehearsal.stage import Stage, open_stage

TESTS = Path(__file__).parents[1]


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
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for PATH with a `wms` that starts quickly, with fakes for what is slow."""
    folder = tmp_path_factory.mktemp("bin")
    address = str(folder / "wms.socket")
    write_client(folder / "wms", address)
    server = subprocess.Popen(
        [sys.executable, "-m", "rehearsal.quick", address],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    assert server.stdout.readline() == b"ready\n"
    yield folder
    server.stdin.close()
    server.wait(timeout=10)


@pytest.fixture
def stage(tmp_path: Path, node: Node, programs: Path) -> Iterator[Stage]:
    """A repository without a cloud, with nothing in production."""
    with open_stage(tmp_path, node, programs=[programs]) as opened:
        yield opened


@pytest.fixture
def promoted(stage: Stage) -> Stage:
    """The same after a first push was promoted: model 1, of middling skill, and 24 samples."""
    stage.push_pairs("first", seed=1)
    stage.play()[0].expect("success", merge="success")
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
