"""The run that lies in `run/`: whether it has ended, may go on, or must make room."""

from __future__ import annotations

import logging

from wms.cloud.shared_instance import SharedInstance
from wms.core.context import Context
from wms.core.errors import RecordError, StaleBaseError, UnfinishedRunError
from wms.core.files import write_record
from wms.core.production import main_head
from wms.core.records.run import Outcome, RunRequest, RunState
from wms.promotion.evidence import require_fresh
from wms.promotion.withdraw import withdraw
from wms.run.start import require_settings_of_main

logger = logging.getLogger(__name__)


def unfinished_run(ctx: Context) -> RunRequest | None:
    """The run in `run/` if it has not ended, else `None`.

    What `wms data prepare` started for `dvc repro` does not count: DVC makes all of it again.

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
    return request if state.outcome is None and not request.checked_out else None


def is_decided(ctx: Context) -> bool:
    """Whether nothing of the run in `run/` is left to do but to tidy up: merged, held, kept or void."""
    state = ctx.run_state
    kept = state.done("gate") and not ctx.is_publishable
    return state.outcome is not None or state.done("merge") or kept


def end_run(ctx: Context) -> RunState:
    """Write down how a decided run ended."""
    state = ctx.run_state
    if state.outcome is None:
        unpublished: Outcome = "candidate" if ctx.verdict == "promote" else "held"
        outcome: Outcome = "promoted" if state.done("merge") else unpublished
        state = state.model_copy(update={"outcome": outcome})
        write_record(ctx.layout.record("state"), state)
    return state


def make_room(ctx: Context, *, give_up: bool) -> None:
    """See that a new run may take the place of the one in `run/`.

    A run that is decided, or whose data were refused, makes room by itself. A published one is never
    given up.

    Raises:
        UnfinishedRunError: the run there has not ended, and `give_up` is false or cannot help.
    """
    old = unfinished_run(ctx)
    if old is None:
        return
    refused = ctx.run_state.jobs.get("data") == "failed"
    if not (refused or is_decided(ctx)):
        if ctx.is_published:
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
    """Whether an unfinished run may go on: main is still what it started from.

    Raises:
        ConfigError: the settings here are not those of main.
    """
    repository = ctx.ports.repository
    main_sha = main_head(repository)
    require_settings_of_main(ctx, main_sha)
    try:
        require_fresh(repository, base_sha=request.base_sha, main_sha=main_sha)
    except StaleBaseError as error:
        logger.info("run %s is not taken up again: %s", request.run_id, error)
        return False
    return True


def abandon(ctx: Context, request: RunRequest, *, why: str) -> None:
    """Give a run up: release its lease, close its pull request if one is open; data branches stay."""
    left = SharedInstance.of(ctx).release(request.run_id, alone=True)
    if left.remark:
        ctx.progress.say(left.remark)
    withdraw(run_id=request.run_id, reason=why, run_url=ctx.run_url, forge=ctx.ports.forge)
