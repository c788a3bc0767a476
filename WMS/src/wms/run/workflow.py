"""What a run on GitHub needs beside the jobs: its start, its way from job to job, what follows it.

On one machine `runner.py` does this in one process. On GitHub every job starts on an empty machine, and the
next run takes up a run that died.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wms.core.context import Context
from wms.core.errors import ConfigError, RecordError, RepositoryError, WmsError
from wms.core.files import read_record, write_record
from wms.core.ports import PullRequest, Repository
from wms.core.production import main_head
from wms.core.records.promotion import Promotion
from wms.core.records.run import FollowUp, RunAsked, RunOptions, RunRequest, RunState
from wms.data.merge import export_incoming
from wms.data.status import DATA_PREFIX, branch_status, data_status
from wms.gate.archive import restore_model
from wms.promotion.evidence import require_fresh
from wms.promotion.withdraw import withdraw
from wms.report.markup import text
from wms.run.graph import jobs_before
from wms.run.recover import PREFIX, recover
from wms.run.start import branch_heads, start_run

WORKFLOW = "training-data-pipeline.yaml"
WORKFLOW_PATHS = (f".github/workflows/{WORKFLOW}", ".github/workflows/ci.yml")
"""A run uses these files as they were when it was asked for; everything else comes from main as it is."""
HELD = "held"
"""In the place of branches: all that were held."""

Next = Literal["data", "merge", "nothing"]


@dataclass(frozen=True, kw_only=True)
class Started:
    """What the jobs are to do: take the data; merge what a run that died published; or nothing."""

    next: Next
    said: str


def start(ctx: Context, asked: RunAsked, *, workflow_sha: str) -> Started:
    """Begin a run on GitHub, unless one that died after its pull request comes first.

    A dead run's promotion is taken up where main is still its base; then what is asked for now
    follows later, with all that waits. Else its pull request is closed, and it is asked for again at once.

    Args:
        ctx: the workspace, whose `run/` is empty.
        asked: what the push or the person asked for.
        workflow_sha: the commit of main that the workflow's own file was taken from.

    Raises:
        RepositoryError: a branch that a person named does not exist.
        ConfigError: a branch is no data branch.
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
    if _workflow_changed(ctx, workflow_sha):
        ctx.ports.forge.dispatch(WORKFLOW, inputs_of(asked, actor=ctx.actor))
        return Started(
            next="nothing", said="main's workflow changed while this run waited: it is started anew"
        )
    if asked.commit is not None:
        settled = _settled(ctx, asked.branches[0], asked.commit)
        if settled is not None:
            return Started(next="nothing", said=settled)
    again: list[RunAsked] = []
    for pull_request in ctx.ports.forge.pull_requests(head_prefix=PREFIX, state="open"):
        if asked.options.dry_run:
            ctx.progress.say(f"pull request #{pull_request.number} of a run that died would come first")
            continue
        if _take_up(ctx, pull_request, again):
            _start_again(ctx, again, asked)
            write_record(ctx.layout.record("follow-up"), FollowUp(asked=(asked, *_waiting(ctx, asked))))
            said = f"pull request #{pull_request.number} of a run that died comes first"
            return Started(next="merge", said=said)
    _start_again(ctx, again, asked)
    names = _named(ctx, asked.branches)
    if asked.branches and not names:
        return Started(next="nothing", said="no data branch is held")
    request = start_run(ctx, branch_heads(ctx, names), asked.options)
    return Started(next="data", said=f"run {request.run_id}")


def take(ctx: Context, artifacts: Path) -> RunRequest:
    """Put together in `run/` what earlier jobs uploaded, the furthest job last.

    A job uploads what it made. The run's new pairs are uploaded by the first job alone, and the model of a
    run that was judged comes from the data store. Where the first job ran again, its newest attempt says
    which run it is. Main's images are not among the artifacts; the stages that read them fetch them.

    Args:
        ctx: the workspace; what lies in its `run/` is replaced.
        artifacts: a folder with one folder for each job that ended.

    Raises:
        RecordError: there is no artifact, or they are of several runs.
    """
    copies = {folder: read_record(folder / "state.json", RunState) for folder in _copies(artifacts)}
    started = [folder for folder in copies if folder.name.startswith("run-data-")]
    if started:
        run_id = copies[max(started, key=lambda folder: int(folder.name.rpartition("-")[2]))].run_id
        copies = {folder: state for folder, state in copies.items() if state.run_id == run_id}
    runs = {state.run_id for state in copies.values()}
    if len(runs) != 1:
        found = f"artifacts of {len(runs)} runs" if runs else "no artifact of a run"
        raise RecordError(f"{artifacts} holds {found}", remedy="Start the run again.")
    if ctx.layout.run.exists():
        shutil.rmtree(ctx.layout.run)
    for folder in sorted(copies, key=lambda folder: (_progress(copies[folder]), folder.name)):
        shutil.copytree(folder, ctx.layout.run, dirs_exist_ok=True)
    restore_model(ctx.layout.run, ctx.ports.data_store)
    return ctx.request


@dataclass(frozen=True, kw_only=True)
class FollowedUp:
    """What was started once a run had ended, or what still waits for its pull request."""

    started: tuple[RunAsked, ...] = ()
    waiting: tuple[RunAsked, ...] = ()


def follow_up(ctx: Context) -> FollowedUp:
    """Start what had to wait for this run, and the run itself again if it only came too late.

    Nothing is started while the run's pull request is open: the next run would meet it again.
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
    """The workflow's inputs that ask for the same, for the same person."""
    options = asked.options
    overrides = " ".join(f"{name}={value!r}" for name, value in sorted(options.train_overrides.items()))
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
    status = data_status(repository=ctx.ports.repository, forge=ctx.ports.forge)
    return tuple(branch.name for branch in status.branches if branch.state == "held")


def _workflow_changed(ctx: Context, workflow_sha: str) -> bool:
    """Whether main's workflow is another than the one that runs: its jobs may not fit main's code."""
    repository = ctx.ports.repository
    main_sha = main_head(repository)
    if not _holds(repository, workflow_sha, main_sha):
        return True  # Main was set back meanwhile.
    return any(
        repository.read_file(workflow_sha, path) != repository.read_file(main_sha, path)
        for path in WORKFLOW_PATHS
    )


def _settled(ctx: Context, branch: str, pushed: str) -> str | None:
    """Why a push leaves nothing to do, in words; `None` if its branch waits to be judged."""
    repository = ctx.ports.repository
    head = repository.head(branch)
    if head is None:
        return f"{branch} is gone: an earlier run took it, or somebody deleted it"
    if not _holds(repository, pushed, head):
        return f"{branch} was pushed anew by force: the newer push has a run of its own"
    status = branch_status(branch, head, ctx.ports.forge)
    if status.state == "waiting":
        return None
    return f"{branch} was judged already ({status.state}: {status.reason}); press Run workflow to repeat it"


def _holds(repository: Repository, sha: str, head: str) -> bool:
    """Whether a commit is in a branch. After a forced push the clone may not have the commit at all.

    All branches were fetched just before, so a commit that is unknown is in none of them.
    """
    try:
        repository.parents(sha)
    except RepositoryError:
        return False
    return repository.is_ancestor(sha, head)


def _start_again(ctx: Context, again: list[RunAsked], asked: RunAsked) -> None:
    """Ask for closed runs once more, at once, so that nothing that fails later loses them."""
    for each in again:
        if each.branches != asked.branches:
            ctx.ports.forge.dispatch(WORKFLOW, inputs_of(each, actor=ctx.actor))


def _waiting(ctx: Context, asked: RunAsked) -> tuple[RunAsked, ...]:
    """Other branches that nobody told anything: earlier requests that met the same dead run, or were lost."""
    status = data_status(repository=ctx.ports.repository, forge=ctx.ports.forge)
    taken = {branch.name for branch in ctx.request.branches} | set(asked.branches)
    return tuple(
        RunAsked(branches=(branch.name,), options=RunOptions(), commit=branch.sha)
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
        withdraw(
            run_id=run_id, reason=text(f"{error}. {error.remedy}"), run_url=ctx.run_url, forge=ctx.ports.forge
        )
        shutil.rmtree(layout.run, ignore_errors=True)
        if request is not None:
            again.append(request.asked)
        return False
    write_record(layout.record("promotion"), promotion)
    try:
        export_incoming(ctx)
    except RepositoryError as error:
        ctx.progress.say(f"the report of run {promotion.run_id} shows no images: {error}")
    state = RunState(run_id=promotion.run_id, jobs=dict.fromkeys(jobs_before("wms merge"), "done"))
    write_record(layout.record("state"), state)
    return True


def _copies(artifacts: Path) -> list[Path]:
    return sorted(path.parent for path in artifacts.glob("*/state.json"))


def _progress(state: RunState) -> tuple[bool, int, int]:
    done = sum(1 for how in state.jobs.values() if how == "done")
    return state.outcome is not None, done, len(state.jobs)
