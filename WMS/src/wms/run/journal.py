"""The progress of the current run: every command of a job notes its end, whoever started it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from wms.core.context import Context
from wms.core.errors import Code, InputError, StaleBaseError, WmsError
from wms.core.files import write_record
from wms.core.records.promotion import promotion_branch
from wms.core.records.run import RunState
from wms.report.markup import text
from wms.run.graph import JOBS, Job, job_of


@contextlib.contextmanager
def noting(ctx: Context, command: str) -> Iterator[None]:
    """Write down in `run/state.json` how one command of the job graph ends.

    A job is done with its last command. A repeated command resets its job and the jobs after it, so that no
    job continues from older records. If an error in publishing or merging cannot heal, the run is void: its
    pull request is closed, and later runs do not wait for it. A command that is typed too early makes no run
    void.

    Raises:
        InputError: the run is published, and the command would change its evidence.
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


def resume_before(ctx: Context, command: str) -> None:
    """Write the state of a restored run, which continues with a command: all jobs before it are done."""
    earlier = [job.name for job in JOBS[: JOBS.index(job_of(command))] if not job.transient]
    _write(ctx, RunState(run_id=ctx.request.run_id, jobs=dict.fromkeys(earlier, "done")))


def close_pull_request(ctx: Context, run_id: str, why: WmsError | str) -> tuple[int, ...]:
    """Close the open pull request of a run that will not be merged, with the reason as a comment.

    It is found by its branch, so this also works if the run's own records are lost. The branch stays, for
    people who want to see it. Returns the numbers of the closed ones.
    """
    reason = text(f"{why}. {why.remedy}" if isinstance(why, WmsError) else why)
    closed_by = f"\n\nClosed by [this run]({ctx.run_url})." if ctx.run_url else ""
    forge, branch = ctx.ports.forge, promotion_branch(run_id)
    found = forge.pull_requests(head_prefix=branch, state="open")
    numbers = tuple(pull.number for pull in found if pull.head == branch)
    for number in numbers:
        forge.close(number, comment=f"{reason}{closed_by}")
    return numbers


def _require_evidence_kept(ctx: Context, job: Job) -> None:
    if job.when == "success" and not job.transient and ctx.is_published:
        raise InputError(
            f"run {ctx.request.run_id} is published: the evidence of its promotion must not change",
            Code.UNFINISHED_RUN,
            remedy="Finish it with `wms merge`, or start a new run with `wms data merge`.",
        )


def _may_become_void(ctx: Context, job: Job, state: RunState) -> bool:
    """Whether an error here is about what the run publishes, and not about a command typed too early."""
    if job.when != "promoted" or ctx.layout.record("merged").is_file() or ctx.request.checked_out:
        return False
    publishing = job.name == "publish" and state.done("gate") and ctx.is_publishable
    return ctx.is_published or publishing


def _void(ctx: Context, state: RunState, error: WmsError) -> RunState:
    closed = close_pull_request(ctx, state.run_id, error)
    what = "".join(f"; pull request #{number} is closed" for number in closed)
    ctx.progress.say(f"run {state.run_id} is void{what}; its data branches stay")
    return state.model_copy(update={"outcome": "void", "stale": isinstance(error, StaleBaseError)})


def _write(ctx: Context, state: RunState) -> RunState:
    write_record(ctx.layout.record("state"), state)
    return state
