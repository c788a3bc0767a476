"""Check everything that a merge plan would bring, and name all that is wrong in one pass."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from wms.core.cores import usable_cores
from wms.core.progress import Progress
from wms.core.records.dataset import DatasetManifest, Finding, MergePlan, ValidationReport
from wms.core.settings import ValidationPolicy
from wms.data.inspection.pair import Inspection, inspect_pair
from wms.data.inspection.relations import byte_findings, coverage_findings, look_alike_findings, plan_findings
from wms.data.inspection.strays import Kind, Stray, stray_findings


def validate(
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
        *stray_findings(Stray(path=path, kind=_kind(incoming / path)) for path in plan.leftover),
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
