"""Check everything that a merge plan would bring, and name all that is wrong in one pass."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from wms.core.context import Clone, Context
from wms.core.cores import usable_cores
from wms.core.errors import BadDataError
from wms.core.files import read_record, write_record
from wms.core.production import main_head, manifest_at
from wms.core.progress import Progress
from wms.core.records.dataset import DatasetManifest, Finding, MergePlan, ValidationReport
from wms.core.settings import ValidationPolicy
from wms.data.announce import announce_blocked
from wms.data.inspection.pair import Inspection, inspect_pair
from wms.data.inspection.relations import byte_findings, coverage_findings, look_alike_findings, plan_findings
from wms.data.inspection.unpaired import Kind, UnpairedFile, unpaired_findings
from wms.data.plan import plan_folder


def validate_incoming(ctx: Context) -> ValidationReport:
    """Check the run's incoming pairs; where findings block, each branch is told its own."""
    settings = ctx.data_settings
    plan = read_record(ctx.layout.record("merge"), MergePlan)
    report = validate_plan(
        plan=plan,
        incoming=ctx.layout.incoming,
        manifest=ctx.base_manifest(),
        policy=settings.validation,
        near_duplicate_bits=settings.split.near_duplicate_bits,
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
    """Check any folder of pairs against main's dataset; nothing is written.

    Args:
        clone: where main and its manifest are known.
        folder: holds images/ and masks/.
        plan: what it would bring, where that is known already.
        quarantine: say what would be set aside.
    """
    settings, repository = clone.data_settings, clone.repository
    manifest = manifest_at(repository, main_head(repository))
    return validate_plan(
        plan=plan or plan_folder(folder, manifest=manifest),
        incoming=folder,
        manifest=manifest,
        policy=settings.validation,
        near_duplicate_bits=settings.split.near_duplicate_bits,
        quarantine=quarantine,
        progress=clone.progress,
    )


def require_good(report: ValidationReport) -> None:
    """End here if findings block.

    Raises:
        BadDataError: some do.
    """
    if report.blocked:
        raise BadDataError(f"{len(report.errors)} findings block this push; nothing was changed")


def validate_plan(
    *,
    plan: MergePlan,
    incoming: Path,
    manifest: DatasetManifest,
    policy: ValidationPolicy,
    near_duplicate_bits: int,
    quarantine: bool,
    workers: int | None = None,
    progress: Progress,
) -> ValidationReport:
    """Look at every file once and judge it by every rule of `wms.data.rules`.

    Args:
        plan: what a merge would bring; its paths are below `incoming`.
        incoming: the folder of the incoming branches.
        manifest: the dataset to compare with.
        policy: thresholds.
        near_duplicate_bits: pictures whose hashes differ in at most so many bits look alike.
        quarantine: set what has errors aside and go on, instead of being blocked.
        workers: threads; one a core where none is given.
        progress: told of every pair.

    Raises:
        DigestMismatchError: a file changed after the merge looked at it.
        RecordError: the dataset's perceptual hashes are of another size.
    """
    inspections = _inspect_all(plan, incoming, policy, workers or usable_cores(), progress)
    replaced = {pair.stem for pair in plan.pairs if pair.action == "replace"}
    kept = [sample for sample in manifest.samples if sample.stem not in replaced]
    findings = [
        *(found for item in inspections for found in item.findings),
        *unpaired_findings(UnpairedFile(path=path, kind=_kind(incoming / path)) for path in plan.leftover),
        *plan_findings(plan),
        *byte_findings(plan, manifest),
        *look_alike_findings(inspections, manifest, within_bits=near_duplicate_bits),
        *coverage_findings(inspections, kept, policy=policy),
    ]
    findings.sort(key=lambda found: (found.file, found.rule))
    errors = [found for found in findings if found.severity == "error"]
    barred = {found.stem for found in errors}
    return ValidationReport(
        checked_pairs=len(inspections),
        findings=tuple(findings),
        facts=tuple(item.facts for item in inspections if item.facts and item.pair.stem not in barred),
        quarantined=_names(errors) if quarantine else (),
    )


def _inspect_all(
    plan: MergePlan, incoming: Path, policy: ValidationPolicy, workers: int, progress: Progress
) -> list[Inspection]:
    """Inspect all pairs, in the plan's order.

    Threads are enough: Pillow and hashlib work without holding the interpreter's lock, and there is
    no process to start, which on a few hundred pairs takes as long as the work itself.
    """
    inspect = partial(inspect_pair, incoming=incoming, policy=policy)
    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(inspect, plan.pairs)
        return list(progress.track(results, label="Checking pairs", total=len(plan.pairs)))


def _kind(path: Path) -> Kind:
    """What lies at a path, itself: a link is a link."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return "absent"
    if stat.S_ISLNK(mode):
        return "symlink"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def _names(errors: list[Finding]) -> tuple[str, ...]:
    return tuple(sorted({found.stem or found.file for found in errors}))
