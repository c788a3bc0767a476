"""The end of a run in a few lines, from its records."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.files import read_record
from wms.core.records.base import Record
from wms.core.records.dataset import Finding, ValidationReport
from wms.core.records.decision import GateDecision
from wms.core.records.promotion import Merged
from wms.core.records.run import RunState
from wms.report.records import RunRecords
from wms.report.view import RunView


class RunOutcome(Record):
    """How the current run ended, and where to read more."""

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
        """The outcome for a person."""
        lines = [f"run {self.run_id}: {self.outcome or 'not ended'}"]
        lines += [f"  {reason}" for reason in self.reasons]
        if self.version is not None:
            lines.append(f"  model v{self.version} is in production")
        if self.unregistered:
            lines.append(f"  {self.unregistered}")
        lines += [
            f"  {branch} stays: it holds what was set aside (wms data status)"
            for branch in self.taken_branches
        ]
        return [*lines, f"  report: {self.report}"]


def outcome_of(ctx: Context) -> RunOutcome:
    """Read the current run's end from `run/`."""
    layout = ctx.layout

    def found(name: str) -> bool:
        return layout.record(name).is_file()

    decision = read_record(layout.record("decision"), GateDecision) if found("decision") else None
    validation = read_record(layout.record("validation"), ValidationReport) if found("validation") else None
    merged = read_record(layout.record("merged"), Merged) if found("merged") else None
    run_id = ctx.request.run_id
    return RunOutcome(
        run_id=run_id,
        outcome=read_record(layout.record("state"), RunState).outcome,
        verdict=decision.verdict if decision else None,
        reasons=decision.reasons if decision else (),
        version=merged.version if merged else None,
        unregistered=RunView(RunRecords.load(layout.run)).unregistered,
        taken_branches=merged.taken_branches if merged else (),
        findings=validation.findings if validation else (),
        report=str(layout.reports / f"{run_id}.html"),
    )
