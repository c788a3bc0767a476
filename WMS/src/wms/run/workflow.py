"""What a run on GitHub needs beside the jobs: its start, its way from job to job, the runs after it.

On one machine `runner.py` does this in one process. On GitHub every job starts on an empty machine, and the
next run resumes a run that died.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wms.core.context import Context
from wms.core.errors import Code, InputError, RecordError, RepositoryError, WmsError
from wms.core.files import read_record, write_record
from wms.core.ports import PullRequest, Repository
from wms.core.production import main_head
from wms.core.records.promotion import Promotion
from wms.core.records.run import FollowUp, RunAsked, RunOptions, RunRequest, RunState
from wms.data.merge import export_incoming
from wms.data.status import DATA_PREFIX, BranchState, DataBranch, branch_status, data_status
from wms.gate.archive import restore_model
from wms.promotion.evidence import require_fresh
from wms.run.journal import close_pull_request, resume_before
from wms.run.recover import PREFIX, recover
from wms.run.start import branch_heads, clear_run, start_run

WORKFLOW = "training-data-pipeline.yaml"
WORKFLOW_PATHS = (f".github/workflows/{WORKFLOW}", ".github/workflows/ci.yml")
"""GitHub takes these files from the commit of the request; a run takes all other files from main as it is."""
HELD = "held"
"""Instead of a branch: all branches that were held."""

Next = Literal["data", "merge", "nothing"]


@dataclass(frozen=True, kw_only=True)
class Started:
    """What the jobs have to do: take the data, merge the promotion of a run that died, or nothing."""

    next: Next
    said: str


def start(ctx: Context, asked: RunAsked, *, workflow_sha: str) -> Started:
    """Start a run on GitHub, unless a run that died after its pull request comes first.

    A dead run is resumed if main is still its base; the new request then starts later, with all that
    wait. Otherwise its pull request is closed, and the dead run is requested again at once.

    `run/` is empty. `workflow_sha` is the commit of main that has the workflow's own file.

    Raises:
        RepositoryError: a branch that a person named does not exist.
        InputError: a branch is not a data branch.
    """
    repository = ctx.ports.repository
    repository.fetch()
    foreign = [name for name in asked.branches if not (name.startswith(DATA_PREFIX) or name == HELD)]
    if foreign:
        raise InputError(
            f"{', '.join(foreign)}: only branches whose names start with {DATA_PREFIX} are taken, because "
            "they are deleted afterwards",
            Code.CONFIG,
            remedy=f"Push the pairs as a branch {DATA_PREFIX}NAME, for example with `wms data push`.",
        )
    if _workflow_changed(ctx, workflow_sha):
        ctx.ports.forge.dispatch(WORKFLOW, inputs_of(asked, actor=ctx.actor))
        return Started(next="nothing", said="main's workflow changed while this run waited: it starts again")
    if asked.commit is not None:
        settled = _settled(ctx, asked.branches[0], asked.commit)
        if settled is not None:
            return Started(next="nothing", said=settled)
    for pull_request in ctx.ports.forge.pull_requests(head_prefix=PREFIX, state="open"):
        if asked.options.dry_run:
            ctx.progress.say(f"pull request #{pull_request.number} of a run that died would come first")
            continue
        if _resumed(ctx, pull_request, asked):
            write_record(ctx.layout.record("follow-up"), FollowUp(asked=(asked, *_waiting(ctx, asked))))
            said = f"pull request #{pull_request.number} of a run that died comes first"
            return Started(next="merge", said=said)
    names = _named(ctx, asked.branches)
    if asked.branches and not names:
        return Started(next="nothing", said="no data branch is held")
    request = start_run(ctx, branch_heads(ctx, names), asked.options)
    return Started(next="data", said=f"run {request.run_id}")


def take(ctx: Context, artifacts: Path) -> RunRequest:
    """Put the artifacts of earlier jobs together in a new `run/`, the latest job last.

    Each is in a folder of its own, except one alone: actions/download-artifact unpacks that into its `path`
    (`artifacts.length === 1` in its `src/download-artifact.ts`, v8.0.1).

    A job uploads what it made. Only the first job uploads the run's new pairs, and the model of a run with a
    decision comes from the data store. If the first job ran again, its newest attempt defines the run. Main's
    images are not among the artifacts; the commands that read them fetch them.

    Raises:
        RecordError: there is no artifact, or the artifacts are of several runs.
    """
    found = sorted([*artifacts.glob("state.json"), *artifacts.glob("*/state.json")])
    copies = {path.parent: read_record(path, RunState) for path in found}
    started = [folder for folder in copies if folder.name.startswith("run-data-")]
    if started:
        run_id = copies[max(started, key=lambda folder: int(folder.name.rpartition("-")[2]))].run_id
        copies = {folder: state for folder, state in copies.items() if state.run_id == run_id}
    runs = {state.run_id for state in copies.values()}
    if len(runs) != 1:
        what = f"artifacts of {len(runs)} runs" if runs else "no artifact of a run"
        raise RecordError(f"{artifacts} holds {what}", remedy="Start the run again.")
    clear_run(ctx.layout)
    for folder in sorted(copies, key=lambda folder: (_progress(copies[folder]), folder.name)):
        shutil.copytree(folder, ctx.layout.run, dirs_exist_ok=True)
    restore_model(ctx.layout.run, ctx.ports.data_store)
    return ctx.request


@dataclass(frozen=True, kw_only=True)
class FollowedUp:
    """The runs that were started after a run, or that still wait for its pull request."""

    started: tuple[RunAsked, ...] = ()
    waiting: tuple[RunAsked, ...] = ()


def follow_up(ctx: Context) -> FollowedUp:
    """Start the runs that waited for this one, and the run itself again if main changed during it.

    Nothing starts while the run's pull request is open, because the next run would meet it again.
    """
    path, state = ctx.layout.record("follow-up"), ctx.run_state
    waiting = read_record(path, FollowUp).asked if path.is_file() else ()
    if ctx.is_published and state.outcome is None and not state.done("merge"):
        number = read_record(ctx.layout.record("promotion"), Promotion).pull_request
        if ctx.ports.forge.pull_request(number).state == "open":
            return FollowedUp(waiting=waiting)
    asked = (*waiting, ctx.request.asked) if state.stale else waiting
    for each in asked:
        ctx.ports.forge.dispatch(WORKFLOW, inputs_of(each, actor=ctx.request.actor))
    path.unlink(missing_ok=True)
    return FollowedUp(started=asked)


def inputs_of(asked: RunAsked, *, actor: str) -> dict[str, str]:
    """The inputs of the workflow that ask for the same run, in the name of the same person."""
    options = asked.options
    overrides = " ".join(f"{name}={value}" for name, value in sorted(options.train_overrides.items()))
    return {
        "actor": actor,
        "branches": " ".join(asked.branches),
        "commit": asked.commit or "",
        "configuration": overrides,
        "dry_run": str(options.dry_run).lower(),
        "on_conflict": options.on_conflict,
        "quarantine": str(options.quarantine).lower(),
        "reason": options.reason,
    }


def _named(ctx: Context, branches: tuple[str, ...]) -> tuple[str, ...]:
    if branches != (HELD,):
        return branches
    return tuple(branch.name for branch in _in_state(ctx, "held"))


def _in_state(ctx: Context, state: BranchState) -> list[DataBranch]:
    status = data_status(repository=ctx.ports.repository, forge=ctx.ports.forge)
    return [branch for branch in status.branches if branch.state == state]


def _workflow_changed(ctx: Context, workflow_sha: str) -> bool:
    """Whether main's workflow differs from the one that runs: its jobs may not fit main's code."""
    repository = ctx.ports.repository
    main_sha = main_head(repository)
    if not _holds(repository, workflow_sha, main_sha):
        return True  # Main was reset in the meantime.
    return any(
        repository.read_file(workflow_sha, path) != repository.read_file(main_sha, path)
        for path in WORKFLOW_PATHS
    )


def _settled(ctx: Context, branch: str, pushed: str) -> str | None:
    """Why there is nothing to do for a push, in words; `None` if its branch still waits."""
    repository = ctx.ports.repository
    head = repository.head(branch)
    if head is None:
        return f"{branch} is gone: an earlier run took it, or somebody deleted it"
    if not _holds(repository, pushed, head):
        return f"{branch} was force-pushed: the newer push has its own run"
    status = branch_status(branch, head, ctx.ports.forge)
    if status.state == "waiting":
        return None
    return f"{branch} already has a result ({status.state}: {status.reason}); press Run workflow to repeat it"


def _holds(repository: Repository, sha: str, head: str) -> bool:
    """Whether a commit is in a branch. After a forced push the clone may lack the commit.

    All branches were fetched just before, so no branch has an unknown commit.
    """
    try:
        repository.parents(sha)
    except RepositoryError:
        return False
    return repository.is_ancestor(sha, head)


def _waiting(ctx: Context, asked: RunAsked) -> tuple[RunAsked, ...]:
    """Other branches without a result: earlier requests that met the same dead run, or were lost."""
    taken = {branch.name for branch in ctx.request.branches} | set(asked.branches)
    return tuple(
        RunAsked(branches=(branch.name,), options=RunOptions(), commit=branch.sha)
        for branch in _in_state(ctx, "waiting")
        if branch.name not in taken
    )


def _resumed(ctx: Context, pull_request: PullRequest, asked: RunAsked) -> bool:
    """Restore a dead run in `run/`, ready to be merged; else close it, and request it again.

    It is requested at once, so that a later failure does not lose it, unless `asked` is for its branches.

    Raises:
        WmsError: an error that can heal.
    """
    layout, repository = ctx.layout, ctx.ports.repository
    clear_run(layout)
    promotion: Promotion | None = None
    try:
        promotion = recover(ctx, pull_request)
        require_fresh(repository, base_sha=promotion.base_sha, main_sha=main_head(repository))
    except WmsError as error:
        if error.can_heal:
            raise
        ctx.progress.say(f"pull request #{pull_request.number} can no longer be merged: {error}")
        run_id = pull_request.head.removeprefix(PREFIX)
        close_pull_request(ctx, run_id, error)
        if promotion is not None and ctx.request.asked.branches != asked.branches:
            ctx.ports.forge.dispatch(WORKFLOW, inputs_of(ctx.request.asked, actor=ctx.actor))
        clear_run(layout)
        return False
    write_record(layout.record("promotion"), promotion)
    try:
        export_incoming(ctx)
    except RepositoryError as error:
        ctx.progress.say(f"the report of run {promotion.run_id} has no images: {error}")
    resume_before(ctx, "wms merge")
    return True


def _progress(state: RunState) -> tuple[bool, int, int]:
    done = sum(1 for how in state.jobs.values() if how == "done")
    return state.outcome is not None, done, len(state.jobs)
