"""Walk the job graph on this machine, and take an unfinished walk up where it ended."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from wms.domain.errors import BusyError, PreflightError, StaleBaseError, WmsError
from wms.domain.gate import GateDecision
from wms.domain.run import Outcome, RunOptions, RunRequest, RunState
from wms.files import read_record, write_record
from wms.layout import Layout
from wms.ml.team import join_team
from wms.pipeline.context import Context
from wms.pipeline.graph import JOBS, Job
from wms.pipeline.reports import write_reports
from wms.pipeline.stages import data, instance, promotion, training
from wms.pipeline.start import abandon, branch_heads, is_published, start_run, still_holds, unfinished_run
from wms.steps.preflight import preflight
from wms.steps.push_data import branch_of, push_folder

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def only_run(layout: Layout, *, wait_seconds: float) -> Iterator[None]:
    """Hold the workspace's run lock; the operating system frees it when the process ends.

    Raises:
        BusyError: another process holds it after `wait_seconds`.
    """
    lock = FileLock(layout.state / "pipeline.lock", timeout=wait_seconds)
    layout.state.mkdir(parents=True, exist_ok=True)
    try:
        with lock:
            yield
    except Timeout as error:
        raise BusyError(f"another run works in {layout.root}") from error


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
    if old is not None and is_published(ctx):
        ctx.progress.say(f"run {old.run_id} is published but not merged: ending it first")
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
        ctx.progress.say(f"run {old.run_id} is given up: it was asked for differently, or main moved")
        abandon(ctx, old)
    return _walk(ctx, start_run(ctx, heads, options))


def _ended(ctx: Context, published: RunRequest) -> RunState | None:
    """Bring a published run to its end; `None` if it turned out void."""
    try:
        return _walk(ctx, published)
    except StaleBaseError as error:
        ctx.progress.say(f"{error}")
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
    state_file = ctx.layout.record("state")
    state = read_record(state_file, RunState)
    outcome: Outcome = "promoted" if state.done("merge") else "held"
    state = state.model_copy(update={"outcome": outcome})
    write_record(state_file, state)
    logger.info("run %s has ended: %s", request.run_id, outcome)
    return state


def _do(ctx: Context, job: Job) -> None:
    """Run one job and write down how it ended."""
    state_file = ctx.layout.record("state")
    state = read_record(state_file, RunState)
    ctx.progress.say(f"== {job.name}")
    started = time.monotonic()
    try:
        ACTIONS[job.name](ctx)
    except StaleBaseError:
        state = state.with_job(job.name, "failed").model_copy(update={"outcome": "void"})
        write_record(state_file, state)
        raise
    except (WmsError, KeyboardInterrupt):
        write_record(state_file, state.with_job(job.name, "failed"))
        raise
    state = state.with_seconds(job.name, time.monotonic() - started)
    write_record(state_file, state if job.transient else state.with_job(job.name, "done"))


def _clean_up(ctx: Context, job: Job) -> None:
    """Run an `always` job after a failure; its own failure must not hide the first one."""
    try:
        _do(ctx, job)
    except WmsError as error:
        logger.warning("%s failed as well: %s. %s", job.name, error, error.remedy)


def _due(job: Job, ctx: Context) -> bool:
    state = read_record(ctx.layout.record("state"), RunState)
    if job.forge_only or state.done(job.name):
        return False
    if job.when == "promoted":
        return _verdict(ctx) == "promote"
    # The instance is needed only while something that uses it is still to be done.
    return job.when == "always" or not (job.transient and state.done("gate"))


def _verdict(ctx: Context) -> str | None:
    path = ctx.layout.record("decision")
    return read_record(path, GateDecision).verdict if path.is_file() else None


def _data(ctx: Context) -> None:
    data.run_merge(ctx)
    data.run_validate(ctx)
    data.run_split(ctx)


def _infra_up(ctx: Context) -> None:
    report = preflight(root=ctx.layout.root, ports=ctx.ports)
    failed = [f"{line.what}: {line.result}. {line.remedy}" for line in report.lines if not line.ok]
    if failed:
        raise PreflightError("a run could not come to its end:\n  " + "\n  ".join(failed))
    instance.run_infra_up(ctx)
    promotion.run_reconcile(ctx)


def _train(ctx: Context) -> None:
    with join_team() as team:
        training.run_train(ctx, team, resume=True)


def _gate(ctx: Context) -> None:
    training.run_evaluate(ctx)
    decision = training.run_gate(ctx)
    ctx.progress.say(f"{decision.verdict}: {'; '.join(decision.reasons)}")


ACTIONS: dict[str, Callable[[Context], object]] = {
    "data": _data,
    "infra-up": _infra_up,
    "train": _train,
    "gate": _gate,
    "infra-down": instance.run_infra_down,
    "publish": promotion.run_publish,
    "merge": promotion.run_complete_merge,
    "report": write_reports,
}
"""What this machine does for each job of the graph."""
