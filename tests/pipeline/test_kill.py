"""A run or rollback killed at any call to an outside system, and started again, ends in the same state.

`make test` kills a run after every sixteenth call and a rollback before every tenth; `make soak` both, before
and after every one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fakes.dying import Countdown, Killed
from pipeline.conftest import make_small_workspace, open_small_workspace
from pipeline.small import write_small_pairs
from wms.core.context import Context
from wms.core.ports import Ports
from wms.core.production import main_head, manifest_at, metadata_at
from wms.core.records.run import RunOptions
from wms.data.push import push_folder
from wms.data.status import data_status
from wms.promotion.rollback import roll_back
from wms.run.runner import run_pipeline

OPTIONS = RunOptions(train_overrides={"seed": 100}, quarantine=True)


def dying(ctx: Context, countdown: Countdown) -> Context:
    """The same workspace, whose process dies at a chosen call."""
    ports = {name: countdown.wrap(getattr(ctx.ports, name)) for name in Ports.__dataclass_fields__}
    return replace(ctx, ports=Ports(**ports))


def copied(workspace: Path, to: Path) -> Path:
    """Another workspace in the same state, with a remote of its own."""
    return shutil.copytree(workspace, to, symlinks=True)


def end_state(ctx: Context) -> dict[str, Any]:
    """Everything that a user could see of the outcome, without times and commit names."""
    ports = ctx.ports
    ports.repository.fetch()
    head = main_head(ports.repository)
    metadata = metadata_at(ports.repository, head)
    assert metadata is not None
    return {
        "weights": metadata.weights_sha256,
        "version": metadata.version,
        "manifest": manifest_at(ports.repository, head).digest,
        "branches": ports.repository.branches(""),
        "data": data_status(repository=ports.repository, forge=ports.forge).branches,
        "alias": ports.registry.production(),
        "merged": len(
            [p for p in ports.forge.pull_requests(head_prefix="promote/", state="all") if p.state == "merged"]
        ),
        "open": len(ports.forge.pull_requests(head_prefix="promote/", state="open")),
        "instance": ports.compute.state(),
        "leases": ports.leases.load()[0].leases,
    }


@pytest.mark.parametrize(
    ("first", "step", "after"),
    [
        pytest.param(9, 16, True, id="after-some-calls"),
        pytest.param(1, 1, False, id="before-every-call", marks=pytest.mark.soak),
        pytest.param(1, 1, True, id="after-every-call", marks=pytest.mark.soak),
    ],
)
def test_a_run_killed_at_a_call_ends_in_the_same_state(
    first: int, step: int, after: bool, tmp_path: Path, written_training: object
) -> None:
    make_small_workspace(tmp_path / "start")
    repository = open_small_workspace(tmp_path / "start").ports.repository
    whole = write_small_pairs(tmp_path / "whole", count=20, seed=1)
    partly = write_small_pairs(tmp_path / "partly", count=4, seed=2)
    (partly / "masks/meter-2-000.png").unlink()
    names = [push_folder(folder, repository=repository) for folder in (whole, partly)]

    def start(folder: Path, wrap: Callable[[Context], Context]) -> Context:
        ctx = open_small_workspace(folder)
        run_pipeline(wrap(ctx), branches=names, options=OPTIONS)
        return ctx

    def fresh(folder: Path) -> Path:
        return copied(tmp_path / "start", folder)

    undisturbed = start(fresh(tmp_path / "undisturbed"), lambda ctx: ctx)
    expected = end_state(undisturbed)
    assert expected["merged"] == 1
    assert [(branch.name, branch.state) for branch in expected["data"]] == [(names[1], "taken")]

    for calls in range(first, 1000, step):
        folder = fresh(tmp_path / f"killed-{calls}")
        countdown = Countdown(calls, after=after)
        try:
            start(folder, lambda ctx, countdown=countdown: dying(ctx, countdown))
        except Killed:
            ctx = start(folder, lambda ctx: ctx)
            assert end_state(ctx) == expected, f"killed at call {calls}"
            shutil.rmtree(folder)
        else:
            assert calls > 20, "the run makes more calls than that"
            return
    pytest.fail("the run never came to its end")


@pytest.mark.parametrize(
    ("first", "step", "after"),
    [
        pytest.param(1, 10, False, id="before-some-calls"),
        pytest.param(1, 1, False, id="before-every-call", marks=pytest.mark.soak),
        pytest.param(1, 1, True, id="after-every-call", marks=pytest.mark.soak),
    ],
)
def test_a_rollback_killed_at_a_call_ends_in_the_same_state(
    first: int, step: int, after: bool, tmp_path: Path, written_training: object
) -> None:
    make_small_workspace(tmp_path / "start")
    ctx = open_small_workspace(tmp_path / "start")
    for seed, skill in ((1, 60), (2, 80), (3, 100)):
        pairs = write_small_pairs(tmp_path / f"pairs-{seed}", count=24, seed=seed)
        run_pipeline(ctx, incoming=pairs, options=RunOptions(train_overrides={"seed": skill}))

    shutil.rmtree(ctx.layout.run)  # A rollback needs none, and copies are quicker without it.

    def go_back(ctx: Context) -> None:
        roll_back(ctx, version=None, reason="test", dry_run=False)

    undisturbed = open_small_workspace(copied(tmp_path / "start", tmp_path / "undisturbed"))
    go_back(undisturbed)
    expected = end_state(undisturbed)
    assert (expected["version"], expected["alias"]) == (2, 2)

    for calls in range(first, 100, step):
        folder = copied(tmp_path / "start", tmp_path / f"killed-{calls}")
        try:
            go_back(dying(open_small_workspace(folder), Countdown(calls, after=after)))
        except Killed:
            ctx = open_small_workspace(folder)
            go_back(ctx)
            assert end_state(ctx) == expected, f"killed at call {calls}"
            assert ctx.ports.forge.pull_requests(head_prefix="rollback/", state="open") == ()
            shutil.rmtree(folder)
        else:
            assert calls > 15, "a rollback makes more calls than that"
            return
    pytest.fail("the rollback never came to its end")
