"""Stages that make a run's dataset: merge, check, split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wms.core.context import Clone, Context
from wms.core.errors import BadDataError, MergeConflictError, NothingToDoError
from wms.core.files import read_record, write_bytes, write_record
from wms.core.production import main_head, manifest_at
from wms.core.records.dataset import BranchHead, DatasetManifest, MergePlan, ValidationReport
from wms.core.records.promotion import MANIFEST_PATH, POINTER_PATH
from wms.core.records.run import RunOptions, RunRequest, new_run_id
from wms.core.records.split import SplitPlan
from wms.data.announce import announce_blocked, announce_conflicts, announce_waiting
from wms.data.assemble import assemble, require_nothing_else
from wms.data.merge import Source, merge, merge_folder
from wms.data.push_folder import INCOMING_PATH
from wms.data.split import split
from wms.data.validate import validate
from wms.report.markdown import blocked_body, conflict_body, waiting_body
from wms.run.start import begin


def run_merge(ctx: Context) -> MergePlan:
    """Take the branches' pairs and plan the merge into the dataset of main.

    Raises:
        MergeConflictError: names are taken and no --on-conflict says what to do.
        NothingToDoError: the branches bring nothing that is not in the dataset; they are deleted then.
    """
    request, repository = ctx.request, ctx.ports.repository
    manifest = manifest_at(repository, request.base_sha)
    write_bytes(ctx.layout.base_manifest, manifest.to_jsonl())
    export_incoming(ctx)
    sources = [Source(branch=branch, folder=branch.folder) for branch in request.branches]
    plan = merge(
        incoming=ctx.layout.incoming,
        sources=sources,
        manifest=manifest,
        base_sha=request.base_sha,
        on_conflict=request.options.on_conflict,
    )
    write_record(ctx.layout.record("merge"), plan)
    if plan.conflicts:
        _announce_conflicts(ctx, plan)
        listed = "\n".join(
            f"  {c.stem} ({c.branch}): the name is taken by {c.taken_by}" for c in plan.conflicts
        )
        raise MergeConflictError(
            f"{len(plan.conflicts)} incoming pairs conflict, nothing was merged:\n{listed}"
        )
    if request.branches and not plan.pairs and not plan.leftover:
        raise _nothing_new(ctx, plan)
    return plan


def export_incoming(ctx: Context) -> None:
    """Write the pairs of the run's branches, as of their commits, into `run/`."""
    for branch in ctx.request.branches:
        ctx.ports.repository.export(branch.sha, INCOMING_PATH, ctx.layout.incoming / branch.folder)


def plan_folder(clone: Clone, folder: Path) -> MergePlan:
    """What any folder of pairs would bring to main's dataset."""
    repository = clone.repository
    return merge_folder(folder, manifest=manifest_at(repository, main_head(repository)))


def check_folder(
    clone: Clone, folder: Path, *, plan: MergePlan | None = None, quarantine: bool
) -> ValidationReport:
    """Check any folder of pairs against main's dataset; nothing is written."""
    settings, repository = clone.data_settings, clone.repository
    return validate(
        plan=plan or plan_folder(clone, folder),
        incoming=folder,
        manifest=manifest_at(repository, main_head(repository)),
        policy=settings.validation,
        near_duplicate_bits=settings.split.near_duplicate_bits,
        quarantine=quarantine,
        progress=clone.progress,
    )


def run_validate(ctx: Context) -> ValidationReport:
    """Check the run's incoming pairs; where findings block, each branch is told its own."""
    settings = ctx.data_settings
    plan = read_record(ctx.layout.record("merge"), MergePlan)
    report = validate(
        plan=plan,
        incoming=ctx.layout.incoming,
        manifest=ctx.base_manifest(),
        policy=settings.validation,
        near_duplicate_bits=settings.split.near_duplicate_bits,
        quarantine=ctx.request.options.quarantine,
        progress=ctx.progress,
    )
    write_record(ctx.layout.record("validation"), report)
    if report.blocked:
        _announce_blocked(ctx, plan, report)
    return report


def require_good(report: ValidationReport) -> None:
    """End here if findings block.

    Raises:
        BadDataError: some do.
    """
    if report.blocked:
        raise BadDataError(f"{len(report.errors)} findings block this push; nothing was changed")


def _announce_conflicts(ctx: Context, plan: MergePlan) -> None:
    """Say on each branch what is its own: its conflicts, or that only others have some."""
    if ctx.request.options.dry_run:
        return
    parts = {branch: plan.part_of(branch.name) for branch in ctx.request.branches}
    refused = [branch.name for branch, part in parts.items() if part.conflicts]
    for branch, part in parts.items():
        if part.conflicts:
            body = conflict_body(part, run_url=ctx.run_url)
            announce_conflicts(branch=branch, plan=part, body=body, forge=ctx.ports.forge)
        else:
            _announce_waiting(ctx, branch, refused)


def _announce_blocked(ctx: Context, plan: MergePlan, report: ValidationReport) -> None:
    """Say on each branch what is its own: its findings, or that only others have some."""
    if ctx.request.options.dry_run:
        return
    parts = {
        branch: report.part_of(branch.folder, pairs=len(plan.part_of(branch.name).pairs))
        for branch in ctx.request.branches
    }
    refused = [branch.name for branch, part in parts.items() if part.blocked]
    for branch, part in parts.items():
        if part.blocked:
            body = blocked_body(part, run_url=ctx.run_url)
            announce_blocked(branch=branch, report=part, body=body, forge=ctx.ports.forge)
        else:
            _announce_waiting(ctx, branch, refused)


def _announce_waiting(ctx: Context, branch: BranchHead, refused: Sequence[str]) -> None:
    body = waiting_body(refused, run_url=ctx.run_url)
    announce_waiting(branch=branch, refused=refused, body=body, forge=ctx.ports.forge)


def _nothing_new(ctx: Context, plan: MergePlan) -> NothingToDoError:
    """The error for branches that bring nothing; one whose pairs are all in the dataset is deleted."""
    said, remedy = [], "Nothing need be done."
    for branch in ctx.request.branches:
        present = len(plan.part_of(branch.name).present)
        if not present:
            said.append(f"{branch.name} brings no pairs")
            remedy = NothingToDoError.remedy
            continue
        end = _delete_known(ctx, branch)
        said.append(
            f"{branch.name} brings no new pairs: all {present} pairs are in the dataset already; {end}"
        )
    return NothingToDoError("; ".join(said), remedy=remedy)


def _delete_known(ctx: Context, branch: BranchHead) -> str:
    if ctx.request.options.dry_run:
        return "the branch would be deleted"
    deleted = ctx.ports.repository.delete_branch(branch.name, expect=branch.sha)
    return "the branch was deleted" if deleted else "something came to the branch since, and it stays"


def run_split(ctx: Context) -> SplitPlan:
    """Assign newcomers to splits and put the run's dataset together.

    Raises:
        NothingToDoError: every incoming pair is in the dataset already or was set aside.
    """
    request, layout, base = ctx.request, ctx.layout, ctx.base_manifest()
    plan = read_record(layout.record("merge"), MergePlan)
    outcome = split(
        plan=plan,
        report=read_record(layout.record("validation"), ValidationReport),
        manifest=base,
        policy=ctx.data_settings.split,
    )
    if request.branches and outcome.manifest == base:
        raise NothingToDoError(
            "there is nothing new to train on: "
            "every incoming pair is in the dataset already or was set aside",
            remedy="Repair what the findings set aside and push it again, or delete the branch.",
        )
    _lay_out(ctx, plan, outcome.manifest)
    write_bytes(layout.manifest, outcome.manifest.to_jsonl())
    write_record(layout.record("split"), outcome.plan)
    return outcome.plan


def require_dataset(ctx: Context) -> None:
    """See that the run's pictures lie in `run/`: a run that came from another machine has its records only.

    Raises:
        DataStoreError: main's dataset cannot be fetched.
        DigestMismatchError: a picture is not the one that the manifest names.
    """
    layout, manifest = ctx.layout, ctx.manifest()
    if not layout.dataset.is_dir():
        ctx.progress.say(f"fetching the dataset of this run: {len(manifest.samples)} samples")
        _lay_out(ctx, read_record(layout.record("merge"), MergePlan), manifest)


def _lay_out(ctx: Context, plan: MergePlan, manifest: DatasetManifest) -> None:
    layout = ctx.layout
    pointer = ctx.ports.repository.read_file(ctx.request.base_sha, POINTER_PATH)
    if pointer is not None:
        ctx.ports.data_store.fetch_dataset(pointer, layout.base)
    assemble(base=layout.base, incoming=layout.incoming, plan=plan, manifest=manifest, to=layout.dataset)


def run_prepare(ctx: Context) -> DatasetManifest:
    """Start a run on the dataset as it is checked out here, without new data (for `dvc repro`).

    Raises:
        NothingToDoError: there is no dataset here.
        DigestMismatchError: the files are not those of the manifest, one for one.
    """
    root, layout = ctx.layout.root, ctx.layout
    manifest_file, pulled = root / MANIFEST_PATH, root / POINTER_PATH.removesuffix(".dvc")
    if not manifest_file.is_file() or not pulled.is_dir():
        raise NothingToDoError(
            "no dataset is checked out here", remedy="Pull main, then fetch the pictures with `dvc pull`."
        )
    manifest = DatasetManifest.from_jsonl(manifest_file.read_bytes(), source=str(manifest_file))
    require_nothing_else(pulled, manifest)
    base_sha, now = main_head(ctx.ports.repository), ctx.clock()
    request = RunRequest(
        run_id=new_run_id(base_sha=base_sha, branches=(), now=now),
        base_sha=base_sha,
        branches=(),
        options=RunOptions(reason="dvc repro"),
        actor=ctx.actor,
        started_at=now,
        checked_out=True,
    )
    begin(ctx, request)
    nothing_new = MergePlan(base_sha=base_sha, base_manifest_sha256=manifest.digest, branches=())
    for source, target in ((pulled, layout.base), (layout.base, layout.dataset)):
        assemble(base=source, incoming=layout.incoming, plan=nothing_new, manifest=manifest, to=target)
    write_bytes(layout.base_manifest, manifest.to_jsonl())
    write_bytes(layout.manifest, manifest.to_jsonl())
    write_record(layout.record("state"), ctx.run_state.with_job("data", "done"))
    return manifest
