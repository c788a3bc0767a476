"""What a run says on the heads of its data branches: a status, and a comment that gives the reasons."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wms.core.context import Context
from wms.core.ports import Check, CheckState
from wms.core.records.dataset import BranchHead, MergePlan, ValidationReport
from wms.core.records.left_out import LeftOut
from wms.core.records.promotion import RunArchive
from wms.report.branches import blocked_body, conflict_body, taken_body, waiting_body

VERDICT, DATA = "wms/verdict", "wms/data"
"""Contexts of the statuses: what the gate said, and whether the data was accepted."""

HELD_DESCRIPTION = re.compile(r"hold: (?P<reason>.*) \[records (?P<records>[0-9a-f]{64})\]")
TAKEN_DESCRIPTION = re.compile(r"taken into model v\d+; \d+ set aside: .*")


def announce_hold(ctx: Context, *, why: str, archive: RunArchive, body: str) -> None:
    """Put the verdict on the head of every branch that took part (on main's, for a retraining).

    A branch's data were accepted: what an earlier run refused, this one may have set aside.
    """
    request, forge = ctx.request, ctx.ports.forge
    reason = re.split(r":| \(", why)[0]
    description = f"hold: {reason[:50]} [records {archive.digest}]"
    for branch in request.branches:
        forge.set_status(branch.sha, _data_check("success", "accepted by the last run"))
    for sha in [branch.sha for branch in request.branches] or [request.base_sha]:
        _say_once(ctx, sha, Check(context=VERDICT, state="success", description=description), body)


def announce_conflicts(ctx: Context, plan: MergePlan) -> None:
    """Report each branch's own name conflicts on it, or that only other branches have some."""
    if ctx.request.options.dry_run:
        return
    parts = {branch: plan.part_of(branch.name) for branch in ctx.request.branches}
    refused = [branch.name for branch, part in parts.items() if part.conflicts]
    for branch, part in parts.items():
        if part.conflicts:
            said = f"blocked: {len(part.conflicts)} names are taken by other bytes"
            _refuse(ctx, branch, said, conflict_body(part, run_url=ctx.run_url))
        else:
            _announce_waiting(ctx, branch, refused)


def announce_blocked(ctx: Context, plan: MergePlan, report: ValidationReport) -> None:
    """Report each branch's own findings on it, or that only other branches have some."""
    if ctx.request.options.dry_run:
        return
    parts = {
        branch: report.part_of(branch.folder, pairs=len(plan.part_of(branch.name).pairs))
        for branch in ctx.request.branches
    }
    refused = [branch.name for branch, part in parts.items() if part.blocked]
    for branch, part in parts.items():
        if part.blocked:
            rules = ", ".join(sorted({finding.rule for finding in part.errors}))
            said = f"blocked: {len(part.errors)} findings ({rules})"
            _refuse(ctx, branch, said, blocked_body(part, run_url=ctx.run_url))
        else:
            _announce_waiting(ctx, branch, refused)


def announce_taken(ctx: Context, branch: BranchHead, left_out: LeftOut, *, version: int) -> None:
    """Say on a branch's head that it was taken but for what was left out of it."""
    promoted = Check(context=VERDICT, state="success", description=f"promoted as v{version}")
    ctx.ports.forge.set_status(branch.sha, promoted)
    said = f"taken into model v{version}; {left_out.count} set aside: {', '.join(left_out.rules)}"
    body = taken_body(left_out, version=version, run_url=ctx.run_url)
    _say_once(ctx, branch.sha, _data_check("success", said), body)


def _announce_waiting(ctx: Context, branch: BranchHead, refused: Sequence[str]) -> None:
    """Say on a branch's head that its own data is good, but was taken together with refused data."""
    names = ", ".join(refused)
    said = f"waits: nothing is wrong here, but it was taken together with {names}, whose data were refused"
    _say_once(ctx, branch.sha, _data_check("pending", said), waiting_body(refused, run_url=ctx.run_url))


def _refuse(ctx: Context, branch: BranchHead, description: str, body: str) -> None:
    _say_once(ctx, branch.sha, _data_check("failure", description), body)


def _say_once(ctx: Context, sha: str, check: Check, body: str) -> None:
    """Comment on a commit and set its status; what is said there already is not said again."""
    forge = ctx.ports.forge
    if check not in forge.statuses(sha):
        forge.comment(sha, body)
        forge.set_status(sha, check)


def _data_check(state: CheckState, description: str) -> Check:
    return Check(context=DATA, state=state, description=description[:140])
