"""The run in `run/`: whether it has ended, can be resumed, or must make room for a new one."""

from __future__ import annotations

import logging

from wms.cloud.run_lease import release_run_lease
from wms.core.context import Context
from wms.core.errors import Code, InputError, RecordError, StaleBaseError, WmsError
from wms.core.files import write_record
from wms.core.production import main_head
from wms.core.records.run import Outcome, RunRequest, RunState
from wms.promotion.evidence import require_fresh
from wms.run.journal import close_pull_request
from wms.run.start import require_settings_of_main

logger = logging.getLogger(__name__)


def unfinished_run(ctx: Context) -> RunRequest | None:
    """The run in `run/` if it has not ended, else `None`.

    A run of `wms data prepare` for `dvc repro` does not count: DVC makes all of it again.

    Raises:
        RecordError: there are records of a run, and they cannot be read.
    """
    if not (ctx.layout.record("request").is_file() and ctx.layout.record("state").is_file()):
        return None
    try:
        request, state = ctx.request, ctx.run_state
    except RecordError as error:
        raise RecordError(
            str(error), remedy=f"Remove {ctx.layout.run} if you do not need the run in it."
        ) from error
    return request if state.outcome is None and not request.checked_out else None


def is_decided(ctx: Context) -> bool:
    """Whether the run in `run/` has only cleaning up to do: it is merged, held, kept or void."""
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


def make_room(ctx: Context, *, abandon: bool) -> None:
    """Make sure that a new run may replace the one in `run/`.

    A run that is decided, or whose data were refused, is replaced without a question. A published one is
    never abandoned.

    Raises:
        InputError: the run there is unfinished, and `abandon` is false or cannot help.
    """
    old = unfinished_run(ctx)
    if old is None:
        return
    refused = ctx.run_state.jobs.get("data") == "failed"
    if not (refused or is_decided(ctx)):
        if ctx.is_published:
            raise InputError(
                f"run {old.run_id} is published and not merged yet",
                Code.UNFINISHED_RUN,
                remedy="Finish it with `wms merge` or `wms pipeline run`.",
            )
        if not abandon:
            raise InputError(
                f"run {old.run_id} is unfinished, and a new one would replace it",
                Code.UNFINISHED_RUN,
                remedy=f"Resume it with `{old.command_line()}`, or abandon it with --abandon.",
            )
    abandon_run(ctx, why="The run was abandoned for a new one.")


def can_resume(ctx: Context, request: RunRequest) -> bool:
    """Whether an unfinished run can be resumed: its base is still current on main.

    Raises:
        InputError: the settings here are not those of main.
    """
    repository = ctx.ports.repository
    main_sha = main_head(repository)
    require_settings_of_main(ctx, main_sha)
    try:
        require_fresh(repository, base_sha=request.base_sha, main_sha=main_sha)
    except StaleBaseError as error:
        logger.info("run %s is not resumed: %s", request.run_id, error)
        return False
    return True


def abandon_run(ctx: Context, *, why: WmsError | str) -> None:
    """Abandon the current run: release its lease, close its open pull request; data branches stay."""
    release_run_lease(ctx)
    close_pull_request(ctx, ctx.request.run_id, why)
