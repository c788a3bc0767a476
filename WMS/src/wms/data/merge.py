"""`wms data merge`: plan what the branches' pairs change in the dataset of main."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.errors import Code, InputError, NothingToDoError
from wms.core.files import write_bytes, write_record
from wms.core.production import manifest_at
from wms.core.records.dataset import BranchHead, MergePlan
from wms.core.words import counted
from wms.data.announce import announce_conflicts
from wms.data.incoming import INCOMING_PATH
from wms.data.plan import plan_merge


def merge_branches(ctx: Context) -> MergePlan:
    """Plan what the branches' pairs change in the dataset of main.

    Raises:
        InputError: names are taken, and --on-conflict was not given.
        NothingToDoError: everything in the branches is in the dataset already; they are deleted.
    """
    request, repository = ctx.request, ctx.ports.repository
    manifest = manifest_at(repository, request.base_sha)
    write_bytes(ctx.layout.base_manifest, manifest.to_jsonl())
    export_incoming(ctx)
    plan = plan_merge(
        incoming=ctx.layout.incoming,
        sources={branch.folder: branch for branch in request.branches},
        manifest=manifest,
        base_sha=request.base_sha,
        on_conflict=request.options.on_conflict,
    )
    write_record(ctx.layout.record("merge"), plan)
    if plan.conflicts:
        announce_conflicts(ctx, plan)
        lines = [f"{counted(len(plan.conflicts), 'name conflict')}, nothing was merged:"]
        lines += [f"  {c.stem} ({c.branch}): the name is taken by {c.taken_by}" for c in plan.conflicts]
        raise InputError("\n".join(lines), Code.MERGE_CONFLICT)
    if request.branches and not plan.pairs and not plan.leftover:
        raise _nothing_new(ctx, plan)
    return plan


def export_incoming(ctx: Context) -> None:
    """Write the pairs of the run's branches, as of their commits, into `run/`."""
    for branch in ctx.request.branches:
        ctx.ports.repository.export(branch.sha, INCOMING_PATH, ctx.layout.incoming / branch.folder)


def _nothing_new(ctx: Context, plan: MergePlan) -> NothingToDoError:
    """The error for branches without new pairs; those whose pairs are all in the dataset are deleted."""
    said, remedy = [], "No action needed."
    for branch in ctx.request.branches:
        present = len(plan.part_of(branch.name).present)
        if not present:
            said.append(f"{branch.name} brings no pairs")
            remedy = Code.NOTHING_TO_DO.remedy
            continue
        end = _delete_known(ctx, branch)
        said.append(
            f"{branch.name} brings nothing new: the dataset has its {counted(present, 'pair')} already; {end}"
        )
    return NothingToDoError("; ".join(said), remedy=remedy)


def _delete_known(ctx: Context, branch: BranchHead) -> str:
    if ctx.request.options.dry_run:
        return "the branch would be deleted"
    deleted = ctx.ports.repository.delete_branch(branch.name, expect=branch.sha)
    return "the branch was deleted" if deleted else "the branch got new commits meanwhile and stays"
