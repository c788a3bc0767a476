"""A rig a test, one Node process for all."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.engine.node import Node, absent
from rehearsal.engine.sim import GitHubSim
from rehearsal.engine.tests.rig import SHORT, Rig, make_repository


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
def rig(tmp_path: Path, node: Node) -> Iterator[Rig]:
    """An empty repository under rehearsal."""
    remote, clone = make_repository(tmp_path)
    python = (Path(sys.executable).parent,)
    with GitHubSim(remote, tmp_path / "github", node=node, grace=SHORT, path=python) as sim:
        yield Rig(sim=sim, clone=clone)
