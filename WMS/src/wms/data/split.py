"""Assign the pairs that passed validation to splits."""

from __future__ import annotations

from wms.core.errors import BadDataError
from wms.core.records.dataset import DatasetManifest, MergePlan, ValidationReport
from wms.core.records.split import SplitOutcome, SplitPolicy, assign


def split(
    *, plan: MergePlan, report: ValidationReport, manifest: DatasetManifest, policy: SplitPolicy
) -> SplitOutcome:
    """Assign newcomers on top of `manifest`, which stays as it is.

    Raises:
        BadDataError: validation found errors that were not set aside.
        RecordError: perceptual hashes are of different sizes.
    """
    if report.blocked:
        raise BadDataError(f"validation found {len(report.errors)} errors; nothing was assigned")
    added_by = {pair.stem: pair.branch for pair in plan.pairs}
    return assign(manifest, report.facts, added_by=added_by, policy=policy)
