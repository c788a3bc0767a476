"""Validate everything that a merge plan would bring, and report all findings in one pass."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from wms.core.context import Clone, Context
from wms.core.cores import usable_cores
from wms.core.errors import BadDataError, NothingToDoError
from wms.core.files import read_record, write_record
from wms.core.production import main_head, manifest_at
from wms.core.progress import Progress
from wms.core.records.dataset import DatasetManifest, MergePlan, ValidationReport
from wms.core.settings import DataSettings
from wms.core.words import counted
from wms.data.announce import announce_blocked
from wms.data.incoming import FILL_FOLDER
from wms.data.inspection.pair import inspect_pair
from wms.data.inspection.relations import byte_findings, coverage_findings, look_alike_findings, plan_findings
from wms.data.inspection.unpaired import Kind, UnpairedFile, unpaired_findings
from wms.data.plan import plan_folder


def validate_incoming(ctx: Context) -> ValidationReport:
    """Validate the run's incoming pairs; findings that block are reported on their branches."""
    plan = read_record(ctx.layout.record("merge"), MergePlan)
    report = validate_plan(
        plan=plan,
        incoming=ctx.layout.incoming,
        manifest=ctx.base_manifest(),
        settings=ctx.data_settings,
        quarantine=ctx.request.options.quarantine,
        progress=ctx.progress,
    )
    write_record(ctx.layout.record("validation"), report)
    if report.blocked:
        announce_blocked(ctx, plan, report)
    return report


def require_valid_incoming(ctx: Context) -> None:
    """Check the run's incoming pairs, and end here if findings block.

    Raises:
        BadDataError: some do.
    """
    require_good(validate_incoming(ctx))


def validate_folder(
    clone: Clone, folder: Path, *, plan: MergePlan | None = None, quarantine: bool
) -> ValidationReport:
    """Validate any folder of pairs against main's dataset; nothing is written.

    `plan` is what it would bring, if known already. With `quarantine`, what would be set aside is reported.

    Raises:
        InputError: it has no pairs, but something that another command takes.
        NothingToDoError: it has no pairs, and no file that should be one.
    """
    manifest = manifest_at(clone.repository, main_head(clone.repository))
    plan = plan or plan_folder(folder, manifest=manifest)
    report = validate_plan(
        plan=plan,
        incoming=folder,
        manifest=manifest,
        settings=clone.data_settings,
        quarantine=quarantine,
        progress=clone.progress,
    )
    if not (plan.pairs or plan.present or plan.conflicts or report.errors):
        raise NothingToDoError(f"{folder} holds no pairs", remedy=FILL_FOLDER)
    return report


def require_good(report: ValidationReport) -> None:
    """Check that no findings block.

    Raises:
        BadDataError: some do.
    """
    if report.blocked:
        count = counted(len(report.errors), "finding")
        raise BadDataError(f"this push is blocked by {count}; nothing was changed")


def validate_plan(
    *,
    plan: MergePlan,
    incoming: Path,
    manifest: DatasetManifest,
    settings: DataSettings,
    quarantine: bool,
    progress: Progress,
) -> ValidationReport:
    """Read every file of a plan once and check it by every rule of `wms.data.rules`.

    The plan's paths are below `incoming`. With `quarantine`, errors are set aside and do not block.

    Raises:
        RecordError: the dataset's perceptual hashes are of another size.
    """
    policy = settings.validation
    # Threads are enough: Pillow works without the interpreter's lock. Starting processes takes as long as
    # the work itself on a few hundred pairs.
    with ThreadPoolExecutor(usable_cores()) as pool:
        results = pool.map(partial(inspect_pair, incoming=incoming, policy=policy), plan.pairs)
        inspections = list(progress.track(results, label="Checking pairs", total=len(plan.pairs)))
    replaced = {pair.stem for pair in plan.pairs if pair.action == "replace"}
    kept = [sample for sample in manifest.samples if sample.stem not in replaced]
    findings = [
        *(found for item in inspections for found in item.findings),
        *unpaired_findings(UnpairedFile(path=path, kind=_kind(incoming / path)) for path in plan.leftover),
        *plan_findings(plan),
        *byte_findings(plan, manifest),
        *look_alike_findings(inspections, manifest, within_bits=settings.split.near_duplicate_bits),
        *coverage_findings(inspections, kept, policy=policy),
    ]
    findings.sort(key=lambda found: (found.file, found.rule))
    errors = [found for found in findings if found.severity == "error"]
    barred = {found.stem for found in errors}
    return ValidationReport(
        checked_pairs=len(inspections),
        findings=tuple(findings),
        facts=tuple(item.facts for item in inspections if item.facts and item.pair.stem not in barred),
        quarantined=tuple(sorted({found.stem or found.file for found in errors})) if quarantine else (),
    )


def _kind(path: Path) -> Kind:
    """What is at a path; links are not followed."""
    # os.path, because pathlib raises on a name that is too long.
    if os.path.islink(path):  # noqa: PTH114
        return "symlink"
    if os.path.isdir(path):  # noqa: PTH112
        return "folder"
    if os.path.isfile(path):  # noqa: PTH113
        return "file"
    return "other" if os.path.exists(path) else "absent"  # noqa: PTH110
