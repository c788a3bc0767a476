"""What a run on the forge needs beside the jobs: its start, its way from job to job, what follows it.

On one machine `runner.py` does this in one process; on the forge every job starts on a machine that knows
nothing, and a run that died is met by the next one.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wms.domain.errors import ConfigError, RecordError, RepositoryError, WmsError
from wms.domain.promotion import Promotion
from wms.domain.run import FollowUp, RunAsked, RunOptions, RunRequest, RunState
from wms.files import read_record, write_record
from wms.pipeline.context import Context
from wms.pipeline.current import is_published
from wms.pipeline.graph import JOBS
from wms.pipeline.start import branch_heads, start_run
from wms.ports import PullRequest
from wms.steps.data_status import DATA_PREFIX, data_status
from wms.steps.evidence import require_fresh
from wms.steps.production import main_head
from wms.steps.recover import PREFIX, recover
from wms.steps.withdraw import withdraw

WORKFLOW = "training-data-pipeline.yaml"
WORKFLOW_PATHS = (f".github/workflows/{WORKFLOW}", ".github/workflows/ci.yml")
HELD = "held"
"""In the place of branches: all that were held."""

Next = Literal["data", "merge", "nothing"]


@dataclass(frozen=True, kw_only=True)
class Started:
    """What the jobs are to do: take the data; merge `commit`, which a run that died left; or nothing."""

    next: Next
    said: str
    commit: str = ""


def start(ctx: Context, asked: RunAsked, *, workflow_sha: str) -> Started:
    """Begin a run on the forge, unless one that died after its pull request comes first.

    A dead run's promotion is taken up where main is still its base; then what is asked for now
    follows later, with all that waits. Else its pull request is closed, and it is asked for again at once.

    Args:
        ctx: the workspace, whose `run/` is empty.
        asked: what the push or the person asked for.
        workflow_sha: the commit that the workflow's own file was taken from.

    Raises:
        RepositoryError: of several branches one does not exist.
        ConfigError: the workflow is another than main's.
    """
    repository = ctx.ports.repository
    repository.fetch()
    foreign = [name for name in asked.branches if not (name.startswith(DATA_PREFIX) or name == HELD)]
    if foreign:
        raise ConfigError(
            f"{', '.join(foreign)}: only branches whose names start with {DATA_PREFIX} are taken: what is "
            "taken is deleted",
            remedy=f"Push the pairs as a branch {DATA_PREFIX}NAME: `wms data push` does.",
        )
    gone = asked.branches not in ((), (HELD,)) and not any(map(repository.head, asked.branches))
    if not gone:
        if _superseded(ctx, asked, workflow_sha):
            said = "the commit of this push is gone: a newer push has its own run"
            return Started(next="nothing", said=said)
        _require_workflow_of_main(ctx, workflow_sha)
    again: list[RunAsked] = []
    for pull_request in ctx.ports.forge.pull_requests(head_prefix=PREFIX, state="open"):
        if asked.options.dry_run:
            ctx.progress.say(f"pull request #{pull_request.number} of a run that died would come first")
            continue
        if _take_up(ctx, pull_request, again):
            _start_again(ctx, again, asked)
            write_record(ctx.layout.record("follow-up"), FollowUp(asked=(asked, *_waiting(ctx, asked))))
            said = f"pull request #{pull_request.number} of a run that died comes first"
            return Started(next="merge", commit=pull_request.head_sha, said=said)
    _start_again(ctx, again, asked)
    names = _named(ctx, asked.branches)
    if asked.branches and not names:
        return Started(next="nothing", said="no data branch is held")
    if gone:
        return Started(next="nothing", said=f"{', '.join(names)} is gone: an earlier run took it")
    request = start_run(ctx, branch_heads(ctx, names), asked.options)
    return Started(next="data", said=f"run {request.run_id}")


def take(ctx: Context, parcels: Path) -> RunRequest:
    """Put the run that earlier jobs left into `run/`: of their copies the one that came furthest.

    Where the first job ran again, its newest attempt says which run it is. The pictures are not among the
    copies; the stages that read them fetch them.

    Args:
        ctx: the workspace; what lies in its `run/` is replaced.
        parcels: a folder with one copy of `run/` for each job that ended.

    Raises:
        RecordError: there is no copy, or they are of several runs.
    """
    copies = {folder: read_record(folder / "state.json", RunState) for folder in _copies(parcels)}
    started = [folder for folder in copies if folder.name.startswith("run-data-")]
    if started:
        run_id = copies[max(started, key=lambda folder: int(folder.name.rpartition("-")[2]))].run_id
        copies = {folder: state for folder, state in copies.items() if state.run_id == run_id}
    runs = {state.run_id for state in copies.values()}
    if len(runs) != 1:
        found = f"copies of {len(runs)} runs" if runs else "no copy of a run"
        raise RecordError(f"{parcels} holds {found}", remedy="Start the run again.")
    furthest = max(copies, key=lambda folder: (_progress(copies[folder]), folder.name))
    if ctx.layout.run.exists():
        shutil.rmtree(ctx.layout.run)
    shutil.copytree(furthest, ctx.layout.run)
    return ctx.request


def follow_up(ctx: Context) -> tuple[RunAsked, ...]:
    """Start what had to wait for this run, and the run itself again if it only came too late.

    Nothing is started while the run's pull request is open: the next run would meet it again.

    Returns:
        what was asked of the forge.
    """
    path, state = ctx.layout.record("follow-up"), ctx.run_state
    if is_published(ctx) and state.outcome is None and not state.done("merge"):
        number = read_record(ctx.layout.record("promotion"), Promotion).pull_request
        if ctx.ports.forge.pull_request(number).state == "open":
            return ()
    waiting = read_record(path, FollowUp).asked if path.is_file() else ()
    asked = (*waiting, ctx.request.asked) if state.stale else waiting
    for each in asked:
        ctx.ports.forge.dispatch(WORKFLOW, inputs_of(each))
    path.unlink(missing_ok=True)
    return asked


def inputs_of(asked: RunAsked) -> dict[str, str]:
    """The workflow's inputs that ask for the same."""
    options = asked.options
    overrides = " ".join(f"{name}={value!r}" for name, value in sorted(options.train_overrides.items()))
    return {
        "branches": " ".join(asked.branches),
        "configuration": overrides,
        "on_conflict": options.on_conflict,
        "quarantine": str(options.quarantine).lower(),
        "reason": options.reason,
    }


def _named(ctx: Context, branches: tuple[str, ...]) -> tuple[str, ...]:
    if branches != (HELD,):
        return branches
    status = data_status(repository=ctx.ports.repository, forge=ctx.ports.forge)
    return tuple(branch.name for branch in status.branches if branch.state == "held")


def _superseded(ctx: Context, asked: RunAsked, workflow_sha: str) -> bool:
    """Whether the commit of a push is on no branch any more, since its branch was pushed anew by force.

    Only this one lookup may fail: all branches were fetched just before.
    """
    if asked.branches in ((), (HELD,)):
        return False
    try:
        ctx.ports.repository.parents(workflow_sha)
    except RepositoryError:
        return True
    return False


def _start_again(ctx: Context, again: list[RunAsked], asked: RunAsked) -> None:
    """Ask for closed runs once more, at once, so that nothing that fails later loses them."""
    for each in again:
        if each.branches != asked.branches:
            ctx.ports.forge.dispatch(WORKFLOW, inputs_of(each))


def _waiting(ctx: Context, asked: RunAsked) -> tuple[RunAsked, ...]:
    """Other branches that nobody told anything: earlier requests that met the same dead run, or were lost."""
    status = data_status(repository=ctx.ports.repository, forge=ctx.ports.forge)
    taken = {branch.name for branch in ctx.request.branches} | set(asked.branches)
    return tuple(
        RunAsked(branches=(branch.name,), options=RunOptions())
        for branch in status.branches
        if branch.state == "waiting" and branch.name not in taken
    )


def _take_up(ctx: Context, pull_request: PullRequest, again: list[RunAsked]) -> bool:
    """Put a dead run into `run/`, ready to be merged; else close it, and note what it was asked for.

    Raises:
        WmsError: something that can heal is in the way.
    """
    layout, repository = ctx.layout, ctx.ports.repository
    shutil.rmtree(layout.run, ignore_errors=True)
    request: RunRequest | None = None
    try:
        request, promotion = recover(
            pull_request, to=layout.run, repository=repository, data_store=ctx.ports.data_store
        )
        require_fresh(repository, base_sha=promotion.base_sha, main_sha=main_head(repository))
    except WmsError as error:
        if error.can_heal:
            raise
        ctx.progress.say(f"pull request #{pull_request.number} cannot be merged any more: {error}")
        run_id = pull_request.head.removeprefix(PREFIX)
        withdraw(run_id=run_id, reason=f"{error}. {error.remedy}", forge=ctx.ports.forge)
        shutil.rmtree(layout.run, ignore_errors=True)
        if request is not None:
            again.append(request.asked)
        return False
    write_record(layout.record("promotion"), promotion)
    before_ci = [job.name for job in JOBS[: [job.forge_only for job in JOBS].index(True)]]
    state = RunState(run_id=promotion.run_id, jobs=dict.fromkeys(before_ci, "done"))
    write_record(layout.record("state"), state)
    return True


def _require_workflow_of_main(ctx: Context, workflow_sha: str) -> None:
    """A push runs the workflow's file of the pushed branch, which may be an old one."""
    repository = ctx.ports.repository
    main_sha = main_head(repository)
    differing = [
        path
        for path in WORKFLOW_PATHS
        if repository.read_file(workflow_sha, path) != repository.read_file(main_sha, path)
    ]
    if differing:
        raise ConfigError(
            f"{', '.join(differing)} of this branch differs from main's, and the jobs would not fit its code",
            remedy="Press Run workflow on main and name the branch there, or merge main into the branch.",
        )


def _copies(parcels: Path) -> list[Path]:
    return sorted(path.parent for path in parcels.glob("*/state.json"))


def _progress(state: RunState) -> tuple[bool, int, int]:
    done = sum(1 for how in state.jobs.values() if how == "done")
    return state.outcome is not None, done, len(state.jobs)
