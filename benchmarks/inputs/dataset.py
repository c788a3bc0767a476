"""A folder of pairs as the pipeline's first push would lay it out."""

from __future__ import annotations

from pathlib import Path

from wms.core.progress import Silent
from wms.core.records.dataset import DatasetManifest
from wms.core.settings import load_data_settings
from wms.data.assemble import assemble
from wms.data.assign import assign_validated
from wms.data.plan import plan_folder
from wms.data.validate import validate_plan

ROOT = Path(__file__).parents[2]


def lay_out(folder: Path, to: Path) -> DatasetManifest:
    """Check and split the pairs of `folder`, and lay them out in `to/images` and `to/masks`."""
    settings, main_manifest = load_data_settings(ROOT), DatasetManifest()
    plan = plan_folder(folder, manifest=main_manifest)
    report = validate_plan(
        plan=plan,
        incoming=folder,
        manifest=main_manifest,
        settings=settings,
        quarantine=True,
        progress=Silent(),
    )
    outcome = assign_validated(main_manifest, plan=plan, report=report, policy=settings.split)
    assemble(base=to.parent / "no-base", incoming=folder, plan=plan, manifest=outcome.manifest, to=to)
    return outcome.manifest
