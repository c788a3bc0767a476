"""Workspaces for tests of the pipeline: real Git, local forge, leases and compute; fakes for the slow two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes.data_store import FakeDataStore
from fakes.dying import Countdown, Killed
from fakes.github import FakeGitHub
from fakes.registry import FakeRegistry
from forges import REPOSITORY, forge_on
from pipeline.shell import Shell
from pipeline.small import GOOD, WrittenTraining, skilled, write_small_pairs
from quick import DVC, WMS, write_client
from wms import wiring
from wms.adapters.git.workspace import init_repository
from wms.core.context import Context
from wms.core.files import write_bytes
from wms.core.ports import Ports
from wms.core.production import main_head, metadata_at
from wms.core.progress import Silent
from wms.core.records.promotion import ModelMetadata
from wms.core.records.run import RunState
from wms.core.settings import GATE_CONFIG
from wms.data.push import push_folder
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
    """A workspace whose gate decides on few images."""
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


def on_github(ctx: Context, github: FakeGitHub) -> Context:
    """The workspace with the stand-in for GitHub as its forge."""
    return replace(ctx, ports=replace(ctx.ports, forge=forge_on(github)))


def dying(ctx: Context, countdown: Countdown) -> Context:
    """The workspace of a process that is killed at a chosen call to an outside system."""
    ports = {name: countdown.wrap(getattr(ctx.ports, name)) for name in Ports.__dataclass_fields__}
    return replace(ctx, ports=Ports(**ports))


def pushed(ctx: Context, folder: Path, *, seed: int, count: int = 24) -> str:
    """Write pairs and push them; the name of their branch."""
    return push_folder(write_small_pairs(folder, count=count, seed=seed), repository=ctx.ports.repository)


def run_on(ctx: Context, folder: Path | None, *, skill: int, **options: Any) -> RunState:
    """Run the pipeline on a folder of pairs, or on no new data, with a model of so much skill in percent."""
    return run_pipeline(ctx, incoming=folder, options=skilled(skill, **options))


def promote(ctx: Context, folder: Path, *skills: int) -> None:
    """Promote models of these skills, each on pairs of its own."""
    for skill in skills:
        pairs = write_small_pairs(folder / f"pairs-{skill}", count=24, seed=skill)
        assert run_on(ctx, pairs, skill=skill).outcome == "promoted"


def publish_and_die(ctx: Context, branch: str) -> None:
    """Run the pipeline in a process that is killed between the pull request and its merge."""

    def die(ctx: Context) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr("wms.promotion.merge.merge_promotion", die)
        run_pipeline(ctx, branches=[branch], options=GOOD)


def production(ctx: Context) -> ModelMetadata | None:
    """The model that main names, after a fetch."""
    ctx.ports.repository.fetch()
    return metadata_at(ctx.ports.repository, main_head(ctx.ports.repository))


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


def workspace_with(folder: Path, *, skill: int) -> Path:
    """A small workspace with one promoted model."""
    make_small_workspace(folder / "work")
    pairs = write_small_pairs(folder / "one", count=24, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        write_trainings(patch)
        state = run_on(open_small_workspace(folder / "work"), pairs, skill=skill)
    assert state.outcome == "promoted"
    return folder / "work"


@pytest.fixture(scope="session")
def one_promotion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small workspace with one promoted model of middling skill; only copied from."""
    return workspace_with(tmp_path_factory.mktemp("promoted"), skill=75)


@pytest.fixture(scope="session")
def good_promotion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a model that finds every window."""
    return workspace_with(tmp_path_factory.mktemp("promoted"), skill=100)


@pytest.fixture
def small_workspace(tmp_path: Path, written_training: WrittenTraining) -> Callable[[], Context]:
    """Opens one small workspace; called again it opens the same one, as a new process would."""
    make_small_workspace(tmp_path / "work")
    return lambda: open_small_workspace(tmp_path / "work")


@pytest.fixture
def ctx(small_workspace: Open) -> Context:
    """A small workspace without data."""
    return small_workspace()


@pytest.fixture
def typed_in(small_workspace: Open, monkeypatch: pytest.MonkeyPatch) -> Context:
    """The small workspace, which the command line opens as well."""
    opened = small_workspace()
    monkeypatch.setattr(wiring, "open_workspace", lambda start, progress: opened)
    return opened


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the workspaces of this test say of their progress."""
    lines: list[str] = []
    monkeypatch.setattr(Silent, "say", lambda self, text: lines.append(text))
    return lines


@pytest.fixture
def github(small_workspace: Open) -> Iterator[FakeGitHub]:
    """The stand-in for GitHub, above the remote of the small workspace."""
    remote = small_workspace().layout.root / ".wms/remote.git"
    with FakeGitHub(git=remote, repository=REPOSITORY, workflows={"deploy-model.yml"}) as github:
        yield github


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, quick: str) -> Shell:
    """In an empty folder; `wms` and `dvc` start quickly, and other programs are those of this environment."""
    programs = tmp_path_factory.mktemp("bin")
    write_client(programs / "wms", quick, WMS)
    write_client(programs / "dvc", quick, DVC)
    return Shell(tmp_path_factory.mktemp("a place"), programs)
