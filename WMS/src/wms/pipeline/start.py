"""Start a run, or find that the one at hand is the one that is asked for."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence

from wms.config import DATA_CONFIG, GATE_CONFIG, TRAIN_CONFIG
from wms.domain.dataset import BranchHead
from wms.domain.errors import (
    ConfigError,
    RecordError,
    RepositoryError,
    StaleBaseError,
    UnfinishedRunError,
)
from wms.domain.gate import GateDecision, Verdict
from wms.domain.run import Outcome, RunOptions, RunRequest, RunState, new_run_id
from wms.files import read_record, write_record
from wms.pipeline.context import Context
from wms.steps.evidence import require_fresh
from wms.steps.infra import infra_down
from wms.steps.production import main_head
from wms.steps.withdraw import withdraw

logger = logging.getLogger(__name__)


def branch_heads(ctx: Context, names: Sequence[str]) -> tuple[BranchHead, ...]:
    """The tips of data branches on the remote, in the order of their names.

    Raises:
        RepositoryError: a branch does not exist.
    """
    ctx.ports.repository.fetch()
    heads = []
    for name in sorted(set(names)):
        sha = ctx.ports.repository.head(name)
        if sha is None:
            known = ", ".join(ctx.ports.repository.branches("data/")) or "none"
            raise RepositoryError(
                f"the remote has no branch {name}", remedy=f"Name one of its data branches ({known})."
            )
        heads.append(BranchHead(name=name, sha=sha))
    return tuple(heads)


def start_run(ctx: Context, branches: tuple[BranchHead, ...], options: RunOptions) -> RunRequest:
    """Clear `run/` and write the request of a new run on main as it is now.

    Raises:
        ConfigError: the settings here are not those of main, on which the run would be judged.
    """
    base_sha = main_head(ctx.ports.repository)
    require_settings_of_main(ctx, base_sha)
    now = ctx.clock()
    request = RunRequest(
        run_id=new_run_id(base_sha=base_sha, branches=branches, now=now),
        base_sha=base_sha,
        branches=branches,
        options=options,
        actor=ctx.actor,
        started_at=now,
    )
    begin(ctx, request)
    return request


def begin(ctx: Context, request: RunRequest) -> None:
    """Clear `run/` and write a request and an empty state into it."""
    if ctx.layout.run.exists():
        shutil.rmtree(ctx.layout.run)
    write_record(ctx.layout.record("request"), request)
    write_record(ctx.layout.record("state"), RunState(run_id=request.run_id))


def require_settings_of_main(ctx: Context, main_sha: str) -> None:
    """Check that the settings in the working tree are those on main.

    Raises:
        ConfigError: names the files that differ.
    """
    differing = [
        path
        for path in (DATA_CONFIG, TRAIN_CONFIG, GATE_CONFIG)
        if ctx.ports.repository.read_file(main_sha, path) != (ctx.layout.root / path).read_bytes()
    ]
    if differing:
        raise ConfigError(
            f"{', '.join(differing)} here differs from main ({main_sha[:12]}), and a run is judged by main's",
            remedy="Pull main or push your change to it; for one run use --set KEY=VALUE instead.",
        )


def unfinished_run(ctx: Context) -> RunRequest | None:
    """The run in `run/` if it has not ended, else `None`.

    What `wms data prepare` started for `dvc repro` counts only once it is published: until then DVC
    makes all of it again.

    Raises:
        RecordError: the records of a run are there and cannot be read.
    """
    if not (ctx.layout.record("request").is_file() and ctx.layout.record("state").is_file()):
        return None
    try:
        request, state = ctx.request, ctx.run_state
    except RecordError as error:
        raise RecordError(
            str(error), remedy=f"Remove {ctx.layout.run} if the run in it is not wanted any more."
        ) from error
    if request.checked_out and not is_published(ctx):
        return None
    return request if state.outcome is None else None


def is_published(ctx: Context) -> bool:
    """Whether the run in `run/` has opened its pull request."""
    return ctx.layout.record("promotion").is_file()


def verdict_of(ctx: Context) -> Verdict | None:
    """What the gate said of the run in `run/`; `None` before it did."""
    path = ctx.layout.record("decision")
    return read_record(path, GateDecision).verdict if path.is_file() else None


def is_decided(ctx: Context) -> bool:
    """Whether nothing of the run in `run/` is left to do but to tidy up: merged, held or void."""
    state = ctx.run_state
    held = state.done("gate") and verdict_of(ctx) == "hold"
    return state.outcome is not None or state.done("merge") or held


def end_run(ctx: Context) -> RunState:
    """Write down how a decided run ended."""
    state = ctx.run_state
    if state.outcome is None:
        outcome: Outcome = "promoted" if state.done("merge") else "held"
        state = state.model_copy(update={"outcome": outcome})
        write_record(ctx.layout.record("state"), state)
    return state


def make_room(ctx: Context, *, give_up: bool) -> None:
    """See that a new run may take the place of the one in `run/`.

    A run that is decided makes room by itself. A published one is never given up.

    Raises:
        UnfinishedRunError: the run there has not ended, and `give_up` is false or cannot help.
    """
    old = unfinished_run(ctx)
    if old is None:
        return
    if not is_decided(ctx):
        if is_published(ctx):
            raise UnfinishedRunError(
                f"run {old.run_id} is published and not merged yet",
                remedy="End it with `wms merge`; `wms pipeline run` does so too.",
            )
        if not give_up:
            raise UnfinishedRunError(
                f"run {old.run_id} has not ended, and a new one would take its place",
                remedy=f"Go on with `{old.command_line()}`, or give it up with --abandon.",
            )
    abandon(ctx, old, why="The run was given up for a new one.")


def still_holds(ctx: Context, request: RunRequest) -> bool:
    """Whether an unfinished run may go on: main is still what it started from."""
    repository = ctx.ports.repository
    require_settings_of_main(ctx, main_head(repository))
    try:
        require_fresh(repository, base_sha=request.base_sha, main_sha=main_head(repository))
    except StaleBaseError as error:
        logger.info("run %s is not taken up again: %s", request.run_id, error)
        return False
    return True


def abandon(ctx: Context, request: RunRequest, *, why: str) -> None:
    """Give a run up: release its lease, close its pull request if one is open; data branches stay."""
    infra_down(holder=request.run_id, now=ctx.clock(), leases=ctx.ports.leases, compute=ctx.ports.compute)
    withdraw(run_id=request.run_id, reason=why, forge=ctx.ports.forge)
