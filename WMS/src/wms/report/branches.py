"""Comments on data branches: why their data were refused, why they wait, what was set aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wms.core.records.dataset import Finding, MergePlan, ValidationReport
from wms.core.records.left_out import LeftOut
from wms.report.render import render


def blocked_body(report: ValidationReport, *, run_url: str = "") -> str:
    """The comment on a push whose data are refused: each finding and its remedy, errors first."""
    return render("blocked", report=report, findings=by_severity(report.findings), run_url=run_url)


def conflict_body(plan: MergePlan, *, run_url: str = "") -> str:
    """The comment on a push that has names of the dataset with other bytes."""
    return render("conflicts", rows=conflict_rows(plan), run_url=run_url)


def conflict_rows(plan: MergePlan) -> list[tuple[str, str, str]]:
    """Incoming file, its branch, and who uses the name."""
    return [(item.image_source, item.branch, item.taken_by) for item in plan.conflicts]


def waiting_body(refused: Sequence[str], *, run_url: str = "") -> str:
    """The comment on a branch with good data that was taken together with the branches `refused`."""
    return render("waiting", refused=refused, run_url=run_url)


def taken_body(left_out: LeftOut, *, version: int, run_url: str = "") -> str:
    """The comment on a branch that was taken in part: what was set aside, and how to finish."""
    return render("taken", left_out=left_out, version=version, run_url=run_url)


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then by rule and file."""
    return tuple(sorted(findings, key=lambda item: (item.severity, item.rule, item.file)))
