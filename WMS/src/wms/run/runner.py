"""Run the job graph on this machine, and resume an unfinished run where it stopped."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import WmsError
from wms.core.records.run import RunOptions, RunRequest, RunState
from wms.data.push import Upload, push_folder
from wms.run.current import abandon_run, can_resume, end_run, unfinished_run
from wms.run.graph import JOBS, Job
from wms.run.journal import noting
from wms.run.start import branch_heads, start_run

logger = logging.getLogger(__name__)


def run_pipeline(
    ctx: Context, *, branches: Sequence[str] = (), incoming: Path | None = None, options: RunOptions
) -> RunState:
    """Run every job that is not done yet, in order; `always` jobs also run after a failure.

    An unfinished run is resumed if branches and options are the same and main is still its base. A published
    run is always finished first. The data branches are taken together; none is a retraining. `incoming` is a
    folder of pairs that is first pushed as a data branch.

    Raises:
        WmsError: the first error of a job, after the `always` jobs have run.
    """
    names = tuple(sorted({*branches, *([Upload.of(incoming).branch] if incoming else [])}))
    old = unfinished_run(ctx)
    if old is not None and ctx.is_published:
        ctx.progress.say(f"run {old.run_id} is published and unfinished: it comes first")
        state = _finished(ctx, old)
        if state is not None and old.asks_for(names, options):
            return state
        old = None
    if incoming is not None:
        push_folder(incoming, repository=ctx.ports.repository)
    heads = branch_heads(ctx, names)
    if old is not None:
        if old.asks_for(names, options) and old.branches == heads and can_resume(ctx, old):
            ctx.progress.say(f"resuming the unfinished run {old.run_id}")
            return _walk(ctx, old)
        why = "branches or options differ, or main changed"
        if ctx.run_state.jobs.get("data") != "failed":
            ctx.progress.say(f"run {old.run_id} is abandoned: {why}")
        abandon_run(ctx, why=f"The run was abandoned: {why}.")
    return _walk(ctx, start_run(ctx, heads, options))


def _finished(ctx: Context, published: RunRequest) -> RunState | None:
    """Finish a published run; `None` if it turned out void.

    Raises:
        WmsError: an error that can heal; the run stays, and the next call resumes it.
    """
    try:
        return _walk(ctx, published)
    except WmsError as error:
        if error.can_heal:
            raise
        ctx.progress.say(f"run {published.run_id} cannot be finished: {error}")
        abandon_run(ctx, why=error)
        return None


def _walk(ctx: Context, request: RunRequest) -> RunState:
    pending = list(JOBS)
    try:
        while pending:
            if _due(pending[0], ctx):
                _do(ctx, pending[0])
            pending.pop(0)
    finally:
        # Empty after a success. After a failure or Ctrl-C the failed job stands first.
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
    # The instance is needed only while a job that uses it is not done.
    return job.when == "always" or not (job.transient and state.done("gate"))
