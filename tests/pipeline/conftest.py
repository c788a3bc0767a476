"""Workspaces for tests of the pipeline: real Git, local forge, leases and compute; fakes for the slow two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes.data_store import FakeDataStore
from fakes.registry import FakeRegistry
from pipeline.shell import Shell
from pipeline.small import WrittenTraining, write_small_pairs
from quick import DVC, WMS, write_client
from wms.adapters.git.workspace import init_repository
from wms.core.context import Context
from wms.core.files import write_bytes
from wms.core.progress import Silent
from wms.core.records.run import RunOptions
from wms.core.settings import GATE_CONFIG
from wms.gate import reports
from wms.run.runner import run_pipeline
from wms.training import candidate as training
from wms.wiring import open_workspace
from wms.wiring.template import template_files

Open = Callable[[], Context]


class Clock:
    """A clock that goes on by a second each time it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def make_small_workspace(root: Path) -> None:
    """A workspace whose gate decides on few pictures."""
    files = template_files()
    gate = files[GATE_CONFIG].decode().replace("min_pictures: 10", "min_pictures: 3")
    assert "min_pictures: 3" in gate
    files[GATE_CONFIG] = gate.encode()
    init_repository(root, root / ".wms/remote.git", files, message="A new workspace")


def open_small_workspace(root: Path) -> Context:
    """The workspace with fakes for data store and registry."""
    ctx = open_workspace(root, Silent())
    ports = replace(
        ctx.ports,
        data_store=FakeDataStore(root / ".wms/fake-store"),
        registry=FakeRegistry(root / ".wms/fake-registry"),
    )
    return replace(ctx, ports=ports, clock=Clock(), actor="tester")


def write_small_page(ctx: Context) -> Path:
    """In the place of a run's page."""
    page = ctx.layout.reports / "small.html"
    write_bytes(page, b"<title>A run</title>")
    return page


def write_trainings(patch: pytest.MonkeyPatch) -> WrittenTraining:
    """No learning: the models of these tests are written down. No pages either: they have their own tests."""
    stand_in = WrittenTraining()
    patch.setattr(training, "train", stand_in)
    patch.setattr(reports, "write_reports", lambda ctx: ctx.layout.reports)
    patch.setattr(reports, "write_report_page", write_small_page)
    return stand_in


@pytest.fixture
def written_training(monkeypatch: pytest.MonkeyPatch) -> WrittenTraining:
    return write_trainings(monkeypatch)


@pytest.fixture(scope="session")
def one_promotion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small workspace with one promoted model of middling skill; only copied from."""
    folder = tmp_path_factory.mktemp("promoted")
    make_small_workspace(folder / "work")
    pairs = write_small_pairs(folder / "one", count=24, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        write_trainings(patch)
        options = RunOptions(train_overrides={"seed": 75})
        state = run_pipeline(open_small_workspace(folder / "work"), incoming=pairs, options=options)
    assert state.outcome == "promoted"
    return folder / "work"


@pytest.fixture
def small_workspace(tmp_path: Path, written_training: WrittenTraining) -> Callable[[], Context]:
    """Opens one small workspace; called again it opens the same one, as a new process would."""
    make_small_workspace(tmp_path / "work")
    return lambda: open_small_workspace(tmp_path / "work")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, quick: str) -> Shell:
    """In an empty folder; `wms` and `dvc` start quickly, and other programs are those of this environment."""
    programs = tmp_path_factory.mktemp("bin")
    write_client(programs / "wms", quick, WMS)
    write_client(programs / "dvc", quick, DVC)
    return Shell(tmp_path_factory.mktemp("a place"), programs)
