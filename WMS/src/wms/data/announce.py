"""Say on the forge that a run was held or its data blocked, and why; the branch stays."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wms.core.ports import Check, CheckState, Forge
from wms.core.records.base import Frozen
from wms.core.records.dataset import BranchHead, MergePlan, ValidationReport
from wms.core.records.promotion import RunArchive
from wms.core.records.run import RunRequest

CONTEXT = "wms/verdict"
DATA_CONTEXT = "wms/data"
_DESCRIPTION = re.compile(r"hold: (?P<reason>.*) \[records (?P<records>[0-9a-f]{64})\]")


class HeldNote(Frozen):
    """What a commit's status says of a held run."""

    reason: str
    records_sha256: str


def announce_hold(*, request: RunRequest, why: str, archive: RunArchive, body: str, forge: Forge) -> None:
    """Put the verdict on the head of every branch that took part (on main's, for a retraining).

    A branch's data were accepted: what an earlier run refused, this one may have set aside.
    """
    reason = re.split(r":| \(", why)[0]
    description = f"hold: {reason[:50]} [records {archive.digest}]"
    for branch in request.branches:
        forge.set_status(branch.sha, _data_check("success", "accepted by the last run"))
    for sha in [branch.sha for branch in request.branches] or [request.base_sha]:
        say_once(sha, Check(context=CONTEXT, state="success", description=description), body, forge)


def announce_blocked(*, branch: BranchHead, report: ValidationReport, body: str, forge: Forge) -> None:
    """Put the findings on the head of a branch whose data were refused."""
    rules = ", ".join(sorted({finding.rule for finding in report.errors}))
    _refuse(branch, f"blocked: {len(report.errors)} findings ({rules})", body, forge)


def announce_conflicts(*, branch: BranchHead, plan: MergePlan, body: str, forge: Forge) -> None:
    """Put the conflicts on the head of a branch whose names are taken by other bytes."""
    _refuse(branch, f"blocked: {len(plan.conflicts)} names are taken by other bytes", body, forge)


def announce_waiting(*, branch: BranchHead, refused: Sequence[str], body: str, forge: Forge) -> None:
    """Say on the head of a branch that its own data are well, but were taken together with refused ones."""
    names = ", ".join(refused)
    said = f"nothing is wrong here, but it was taken together with {names}, whose data were refused"
    say_once(branch.sha, _data_check("pending", f"waits: {said}"), body, forge)


def say_once(sha: str, check: Check, body: str, forge: Forge) -> None:
    """Comment on a commit and set its status; what is said there already is not said again."""
    if check not in forge.statuses(sha):
        forge.comment(sha, body)
        forge.set_status(sha, check)


def _refuse(branch: BranchHead, description: str, body: str, forge: Forge) -> None:
    say_once(branch.sha, _data_check("failure", description), body, forge)


def _data_check(state: CheckState, description: str) -> Check:
    return Check(context=DATA_CONTEXT, state=state, description=description[:140])


def blocked_note(sha: str, forge: Forge) -> str | None:
    """Why a commit's data were refused; `None` where they were not."""
    for check in forge.statuses(sha):
        if check.context == DATA_CONTEXT and check.state == "failure":
            return check.description
    return None


def held_note(sha: str, forge: Forge) -> HeldNote | None:
    """The note on a commit; `None` where no run was held on it."""
    for check in forge.statuses(sha):
        match = _DESCRIPTION.fullmatch(check.description) if check.context == CONTEXT else None
        if match:
            return HeldNote(reason=match["reason"], records_sha256=match["records"])
    return None
