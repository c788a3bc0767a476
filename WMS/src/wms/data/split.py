"""`wms data split`: assign the pairs that passed validation to splits, and assemble the run's dataset."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.errors import NothingToDoError
from wms.core.files import read_record, write_bytes, write_record
from wms.core.records.dataset import MergePlan, ValidationReport
from wms.core.records.split import SplitPlan
from wms.data.assemble import lay_out
from wms.data.assign import assign_validated


def split_samples(ctx: Context) -> SplitPlan:
    """Assign new samples to splits and assemble the run's dataset; samples of main keep their split.

    Raises:
        BadDataError: validation found errors that were not set aside.
        NothingToDoError: every incoming pair is in the dataset already or was set aside.
        RecordError: perceptual hashes are of different sizes.
    """
    layout, base = ctx.layout, ctx.base_manifest()
    plan = read_record(layout.record("merge"), MergePlan)
    report = read_record(layout.record("validation"), ValidationReport)
    outcome = assign_validated(base, plan=plan, report=report, policy=ctx.data_settings.split)
    if ctx.request.branches and outcome.manifest == base:
        raise NothingToDoError(
            "nothing new to train on: every incoming pair is in the dataset already or was set aside",
            remedy="Correct the pairs that were set aside and push them again, or delete the branch.",
        )
    lay_out(ctx, plan, outcome.manifest)
    write_bytes(layout.manifest, outcome.manifest.to_jsonl())
    write_record(layout.record("split"), outcome.plan)
    return outcome.plan
