"""What a run left out of its branches: the branch then has the only pushed copy of it."""

from __future__ import annotations

from wms.core.names import printable
from wms.core.records.base import Frozen
from wms.core.records.dataset import Finding, MergePlan, ValidationReport
from wms.core.records.split import SplitPlan


class LeftOut(Frozen):
    """What was left out of one branch, with the findings that say why."""

    branch: str
    findings: tuple[Finding, ...]

    @property
    def count(self) -> int:
        """How many pairs, or single files."""
        return len({found.stem or found.file for found in self.findings})

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules behind the findings."""
        return tuple(sorted({found.rule for found in self.findings}))


def left_out(plan: MergePlan, report: ValidationReport, split: SplitPlan) -> tuple[LeftOut, ...]:
    """What the run of these records left out, by branch; complete branches are not listed.

    The reasons: quarantined by validation, set aside by the split, or superseded by a later branch.
    """
    sources = {pair.stem: pair.image_source for pair in plan.pairs}
    found = [(item.file, item) for item in report.findings if item.severity == "error"]
    found += [(item.file, item) for item in report.findings if item.rule == "superseded"]
    found += [(sources[item.stem], item) for item in split.set_aside if item.stem is not None]
    parts = (
        LeftOut(
            branch=branch.name,
            findings=tuple(
                item for source, item in found if printable(source).startswith(f"{printable(branch.folder)}/")
            ),
        )
        for branch in plan.branches
    )
    return tuple(part for part in parts if part.findings)
