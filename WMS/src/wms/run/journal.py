"""How far the current run came: every command of a job notes its end, typed by a person or walked."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from wms.core.context import Context
from wms.core.errors import StaleBaseError, UnfinishedRunError, WmsError
from wms.core.files import write_record
from wms.core.records.run import RunState
from wms.promotion.withdraw import withdraw
from wms.report.markup import text
from wms.run.graph import JOBS, Job, job_of


@contextlib.contextmanager
def noting(ctx: Context, command: str) -> Iterator[None]:
    """Write down in `run/state.json` how one command of the job graph ends.

    A job is done with its last command. A command that is done again takes back its job and those
    after it, so that nobody goes on from records of before it. If an error in publishing or merging
    cannot heal, the run is void: its pull request is closed, and later runs do not wait for it. A
    command typed before its turn makes nothing void.

    Raises:
        UnfinishedRunError: the run is published, and the command would change what it rests on.
    """
    job = job_of(command)
    _require_evidence_kept(ctx, job)
    state = ctx.run_state
    if not job.transient:
        later = [other.name for other in JOBS[JOBS.index(job) :] if not other.transient]
        state = _write(ctx, state.without_jobs(later))
    started = time.monotonic()
    try:
        yield
    except (WmsError, KeyboardInterrupt) as error:
        state = state.with_job(job.name, "failed")
        if isinstance(error, WmsError) and not error.can_heal and _may_become_void(ctx, job, state):
            state = _void(ctx, state, error)
        _write(ctx, state)
        raise
    before = 0.0 if command == job.commands[0].name else state.seconds.get(job.name, 0.0)
    state = state.with_seconds(job.name, before + time.monotonic() - started)
    finished = command == job.commands[-1].name and not job.transient
    _write(ctx, state.with_job(job.name, "done") if finished else state)


def _require_evidence_kept(ctx: Context, job: Job) -> None:
    if job.when == "success" and not job.transient and ctx.is_published:
        raise UnfinishedRunError(
            f"run {ctx.request.run_id} is published: what its promotion rests on is not made anew",
            remedy="End it with `wms merge`, or start a new run with `wms data merge`.",
        )


def _may_become_void(ctx: Context, job: Job, state: RunState) -> bool:
    """Whether an error here speaks of what the run publishes, and not of a command typed before its turn."""
    if job.when != "promoted" or ctx.layout.record("merged").is_file() or ctx.request.checked_out:
        return False
    publishing = job.name == "publish" and state.done("gate") and ctx.is_publishable
    return ctx.is_published or publishing


def _void(ctx: Context, state: RunState, error: WmsError) -> RunState:
    closed = withdraw(
        run_id=state.run_id,
        reason=text(f"{error}. {error.remedy}"),
        run_url=ctx.run_url,
        forge=ctx.ports.forge,
    )
    what = "".join(f"; pull request #{number} is closed" for number in closed)
    ctx.progress.say(f"run {state.run_id} is void{what}; its data branches stay as they are")
    return state.model_copy(update={"outcome": "void", "stale": isinstance(error, StaleBaseError)})


def _write(ctx: Context, state: RunState) -> RunState:
    write_record(ctx.layout.record("state"), state)
    return state
