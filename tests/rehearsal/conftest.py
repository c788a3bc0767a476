"""One Node process for all rehearsals, and a fresh stage for each scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.engine.node import Node, absent
from rehearsal.stage import Stage, open_stage


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """GitHub's parser and evaluator; tests that need them are skipped where they are absent."""
    reason = absent()
    if reason:
        pytest.skip(reason)
    started = Node()
    yield started
    started.close()


@pytest.fixture
def stage(tmp_path: Path, node: Node) -> Iterator[Stage]:
    """A repository without a cloud, with nothing in production."""
    with open_stage(tmp_path, node) as opened:
        yield opened


@pytest.fixture
def promoted(stage: Stage) -> Stage:
    """The same after a first push was promoted: model 1, of middling skill, and 24 samples."""
    stage.push_pairs("first", seed=1)
    stage.play()[0].expect("success", merge="success")
    return stage
