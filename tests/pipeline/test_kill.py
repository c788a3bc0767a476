"""A run or rollback killed at any call to an outside system, and started again, ends in the same state.

`make test` kills a run after every sixteenth call and a rollback before every tenth; `make soak` both, before
and after every one.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakes.dying import Countdown, Killed
from pipeline.conftest import dying, open_small_workspace, promote, pushed
from pipeline.small import skilled, write_small_pairs
from wms.core.context import Context
from wms.core.production import main_head, manifest_at, metadata_at
from wms.data.push import push_folder
from wms.data.status import data_status
from wms.promotion.rollback import roll_back
from wms.run.runner import run_pipeline


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
        "pull requests": Counter(
            (pull.head.partition("/")[0], pull.state)
            for pull in ports.forge.pull_requests(head_prefix="", state="all")
            if pull.state != "closed"
        ),
        "instance": ports.compute.state(),
        "leases": ports.leases.load()[0].leases,
    }


def kill_at_each_call(
    start: Path, again: Callable[[Context], object], calls: range, *, after: bool, at_least: int
) -> dict[str, Any]:
    """Check that work in copies of a workspace, killed at each of these calls and repeated, ends the same.

    Returns that end.
    """
    folder = start.with_name("copy")

    def copied() -> Context:
        shutil.rmtree(folder, ignore_errors=True)
        return open_small_workspace(shutil.copytree(start, folder, symlinks=True))

    undisturbed = copied()
    again(undisturbed)
    expected = end_state(undisturbed)
    for number in calls:
        try:
            again(dying(copied(), Countdown(number, after=after)))
        except Killed:
            survivor = open_small_workspace(folder)
            again(survivor)
            assert end_state(survivor) == expected, f"killed at call {number}"
        else:
            assert number > at_least, "it makes more calls than that"
            return expected
    pytest.fail("it never came to its end")


@pytest.mark.parametrize(
    ("calls", "after"),
    [
        pytest.param(range(9, 1000, 16), True, id="after-some-calls"),
        pytest.param(range(1, 1000), False, id="before-every-call", marks=pytest.mark.soak),
        pytest.param(range(1, 1000), True, id="after-every-call", marks=pytest.mark.soak),
    ],
)
def test_a_run_killed_at_a_call_ends_in_the_same_state(
    calls: range, after: bool, ctx: Context, tmp_path: Path
) -> None:
    whole = pushed(ctx, tmp_path / "whole", seed=1, count=20)
    partly = write_small_pairs(tmp_path / "partly", count=4, seed=2)
    (partly / "masks/meter-2-000.png").unlink()
    names = [whole, push_folder(partly, repository=ctx.ports.repository)]

    def run(ctx: Context) -> None:
        run_pipeline(ctx, branches=names, options=skilled(100, quarantine=True))

    end = kill_at_each_call(ctx.layout.root, run, calls, after=after, at_least=20)
    assert end["pull requests"] == {("promote", "merged"): 1}
    assert [(branch.name, branch.state) for branch in end["data"]] == [(names[1], "taken")]


@pytest.mark.parametrize(
    ("calls", "after"),
    [
        pytest.param(range(1, 100, 10), False, id="before-some-calls"),
        pytest.param(range(1, 100), False, id="before-every-call", marks=pytest.mark.soak),
        pytest.param(range(1, 100), True, id="after-every-call", marks=pytest.mark.soak),
    ],
)
def test_a_rollback_killed_at_a_call_ends_in_the_same_state(
    calls: range, after: bool, ctx: Context, tmp_path: Path
) -> None:
    promote(ctx, tmp_path, 60, 80, 100)
    shutil.rmtree(ctx.layout.run)  # A rollback needs none, and copies are quicker without it.

    def go_back(ctx: Context) -> None:
        roll_back(ctx, version=None, reason="test")

    end = kill_at_each_call(ctx.layout.root, go_back, calls, after=after, at_least=15)
    assert (end["version"], end["alias"]) == (2, 2)
    assert end["pull requests"] == {("promote", "merged"): 3, ("rollback", "merged"): 1}
