"""The end of a run in a few lines, from its records."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.records.base import Record
from wms.core.records.dataset import Finding
from wms.report.records import RunRecords
from wms.report.view import RunView


class RunOutcome(Record):
    """The end of the current run, and where to read more."""

    run_id: str
    outcome: str | None
    verdict: str | None
    reasons: tuple[str, ...]
    version: int | None
    unregistered: str
    taken_branches: tuple[str, ...]
    findings: tuple[Finding, ...]
    report: str

    def lines(self) -> list[str]:
        """The outcome, for a person."""
        lines = [f"run {self.run_id}: {self.outcome or 'unfinished'}"]
        lines += [f"  {reason}" for reason in self.reasons]
        if self.version is not None:
            lines.append(f"  model v{self.version} is in production")
        if self.unregistered:
            lines.append(f"  {self.unregistered}")
        lines += [
            f"  {branch} stays: it holds pairs set aside (wms data status)" for branch in self.taken_branches
        ]
        return [*lines, f"  report: {self.report}"]


def outcome_of(ctx: Context) -> RunOutcome:
    """Read the current run's end from `run/`."""
    records, run_id = RunRecords.load(ctx.layout.run), ctx.request.run_id
    decision, merged = records.decision, records.merged
    return RunOutcome(
        run_id=run_id,
        outcome=ctx.run_state.outcome,
        verdict=decision.verdict if decision else None,
        reasons=decision.reasons if decision else (),
        version=merged.version if merged else None,
        unregistered=RunView(records).unregistered,
        taken_branches=merged.taken_branches if merged else (),
        findings=records.validation.findings if records.validation else (),
        report=str(ctx.layout.reports / f"{run_id}.html"),
    )
