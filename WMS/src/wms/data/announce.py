"""What a run reports on its data branches: a commit status, and a comment with the reasons."""

from __future__ import annotations

import re
from collections.abc import Mapping

from wms.core.context import Context
from wms.core.ports import Check, CheckState
from wms.core.records.dataset import BranchHead, MergePlan, ValidationReport
from wms.core.records.left_out import LeftOut
from wms.core.records.promotion import RunArchive
from wms.core.words import counted
from wms.report.markdown import blocked_body, conflict_body, taken_body, waiting_body

VERDICT, DATA = "wms/verdict", "wms/data"
"""Contexts of the statuses: the gate's verdict, and whether the data was accepted."""

HELD_DESCRIPTION = re.compile(r"hold: (?P<reason>.*) \[records (?P<records>[0-9a-f]{64})\]")
TAKEN_DESCRIPTION = re.compile(r"taken into model v\d+; \d+ set aside: .*")


def announce_hold(ctx: Context, *, why: str, archive: RunArchive, body: str) -> None:
    """Report the verdict on the head of every branch of the run, or of main for a retraining.

    The data status becomes a success too: an earlier run may have refused what this one set aside.
    """
    request, forge = ctx.request, ctx.ports.forge
    reason = re.split(r":| \(", why)[0]
    description = f"hold: {reason[:50]} [records {archive.digest}]"
    for branch in request.branches:
        forge.set_status(branch.sha, _data_check("success", "accepted by the last run"))
    for sha in [branch.sha for branch in request.branches] or [request.base_sha]:
        _say_once(ctx, sha, Check(context=VERDICT, state="success", description=description), body)


def announce_conflicts(ctx: Context, plan: MergePlan) -> None:
    """Report name conflicts on the branches that have them; the others learn that they wait."""
    refusals = {}
    for branch in ctx.request.branches:
        part = plan.part_of(branch.name)
        if part.conflicts:
            said = f"blocked: {counted(len(part.conflicts), 'name conflict')}"
            refusals[branch] = said, conflict_body(part, run_url=ctx.run_url)
    _refuse(ctx, refusals)


def announce_blocked(ctx: Context, plan: MergePlan, report: ValidationReport) -> None:
    """Report findings on the branches that have them; the others learn that they wait."""
    refusals = {}
    for branch in ctx.request.branches:
        part = report.part_of(branch.folder, pairs=len(plan.part_of(branch.name).pairs))
        if part.blocked:
            rules = ", ".join(sorted({finding.rule for finding in part.errors}))
            said = f"blocked: {counted(len(part.errors), 'finding')} ({rules})"
            refusals[branch] = said, blocked_body(part, run_url=ctx.run_url)
    _refuse(ctx, refusals)


def announce_taken(ctx: Context, branch: BranchHead, left_out: LeftOut, *, version: int) -> None:
    """Report on a branch's head that it was taken, except for what was set aside."""
    promoted = Check(context=VERDICT, state="success", description=f"promoted as v{version}")
    ctx.ports.forge.set_status(branch.sha, promoted)
    said = f"taken into model v{version}; {left_out.count} set aside: {', '.join(left_out.rules)}"
    body = taken_body(left_out, version=version, run_url=ctx.run_url)
    _say_once(ctx, branch.sha, _data_check("success", said), body)


def _refuse(ctx: Context, refusals: Mapping[BranchHead, tuple[str, str]]) -> None:
    """Report on each refused branch its description and comment; the others wait for those."""
    if ctx.request.options.dry_run:
        return
    refused = [branch.name for branch in refusals]
    for branch in ctx.request.branches:
        if branch in refusals:
            said, body = refusals[branch]
            state: CheckState = "failure"
        else:
            state, body = "pending", waiting_body(refused, run_url=ctx.run_url)
            said = f"waits: this data is good; other data of the run was refused: {', '.join(refused)}"
        _say_once(ctx, branch.sha, _data_check(state, said), body)


def _say_once(ctx: Context, sha: str, check: Check, body: str) -> None:
    """Comment on a commit and set its status, unless it has this status already."""
    forge = ctx.ports.forge
    if check not in forge.statuses(sha):
        forge.comment(sha, body)
        forge.set_status(sha, check)


def _data_check(state: CheckState, description: str) -> Check:
    return Check(context=DATA, state=state, description=description[:140])
