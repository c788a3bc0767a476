"""Walk the job graph on this machine, and take an unfinished walk up where it ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import WmsError
from wms.core.records.run import RunOptions, RunRequest, RunState
from wms.data.push import branch_of, push_folder
from wms.run.current import abandon, end_run, still_holds, unfinished_run
from wms.run.graph import JOBS, Job
from wms.run.journal import noting
from wms.run.start import branch_heads, start_run

logger = logging.getLogger(__name__)


def run_pipeline(
    ctx: Context, *, branches: Sequence[str] = (), incoming: Path | None = None, options: RunOptions
) -> RunState:
    """Run every job that has not been done yet, in order; `always` jobs run whatever happened.

    An unfinished run is taken up if it was asked for in the same way and main is still its base.
    One that is published already is first brought to its end, whatever is asked for now.

    Args:
        ctx: the workspace.
        branches: data branches on the remote, taken together; none is a retraining.
        incoming: a folder of pairs that is pushed as a data branch first.
        options: what was chosen for this run.

    Raises:
        WmsError: the first error of a job, after the `always` jobs have run.
    """
    names = tuple(sorted({*branches, *([branch_of(incoming)] if incoming else [])}))
    old = unfinished_run(ctx)
    if old is not None and ctx.is_published:
        ctx.progress.say(f"run {old.run_id} is published and not at its end: that comes first")
        state = _ended(ctx, old)
        if state is not None and old.asks_for(names, options):
            return state
        old = None
    if incoming is not None:
        push_folder(incoming, repository=ctx.ports.repository)
    heads = branch_heads(ctx, names)
    if old is not None:
        if old.asks_for(names, options) and old.branches == heads and still_holds(ctx, old):
            ctx.progress.say(f"taking up the unfinished run {old.run_id}")
            return _walk(ctx, old)
        why = "it was asked for differently, or main moved"
        if ctx.run_state.jobs.get("data") != "failed":
            ctx.progress.say(f"run {old.run_id} is given up: {why}")
        abandon(ctx, old, why=f"The run was given up: {why}.")
    return _walk(ctx, start_run(ctx, heads, options))


def _ended(ctx: Context, published: RunRequest) -> RunState | None:
    """Bring a published run to its end; `None` if it turned out void.

    Raises:
        WmsError: something that can heal is in its way; the run stays, and is taken up again.
    """
    try:
        return _walk(ctx, published)
    except WmsError as error:
        if error.can_heal:
            raise
        ctx.progress.say(f"run {published.run_id} cannot be brought to its end: {error}")
        abandon(ctx, published, why=f"{error}. {error.remedy}")
        return None


def _walk(ctx: Context, request: RunRequest) -> RunState:
    pending = list(JOBS)
    try:
        while pending:
            if _due(pending[0], ctx):
                _do(ctx, pending[0])
            pending.pop(0)
    finally:
        # Empty after a good end. After a failure or Ctrl-C the failed job stands first.
        for job in pending[1:]:
            if job.when == "always":
                _clean_up(ctx, job)
    state = end_run(ctx)
    logger.info("run %s has ended: %s", request.run_id, state.outcome)
    return state


def _do(ctx: Context, job: Job) -> None:
    ctx.progress.say(f"== {job.name}")
    for command in job.commands:
        with noting(ctx, command.name):
            command.run(ctx)


def _clean_up(ctx: Context, job: Job) -> None:
    """Run an `always` job after a failure; its own failure must not hide the first one."""
    try:
        _do(ctx, job)
    except WmsError as error:
        logger.warning("%s failed as well: %s. %s", job.name, error, error.remedy)


def _due(job: Job, ctx: Context) -> bool:
    state = ctx.run_state
    if state.done(job.name):
        return False
    if job.when == "promoted":
        return ctx.is_publishable
    # The instance is needed only while something that uses it is still to be done.
    return job.when == "always" or not (job.transient and state.done("gate"))
