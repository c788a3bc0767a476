"""Validation of whole pushes: all findings in one pass, and what quarantine leaves."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from pairs import SETTINGS, picture, save, write_pair
from wms.core.progress import Progress, Silent
from wms.core.records.dataset import DatasetManifest, Finding, MergePlan, ValidationReport
from wms.data.plan import plan_folder
from wms.data.validate import validate_plan
from wms.synth.faults import Fault, write_broken_pairs

T = TypeVar("T")
EMPTY = DatasetManifest()


def check(
    folder: Path,
    *,
    quarantine: bool = False,
    plan: MergePlan | None = None,
    progress: Progress = Silent(),  # noqa: B008 - it holds nothing
) -> ValidationReport:
    return validate_plan(
        plan=plan or plan_folder(folder, manifest=EMPTY),
        incoming=folder,
        manifest=EMPTY,
        settings=SETTINGS,
        quarantine=quarantine,
        progress=progress,
    )


def concerns(finding: Finding, fault: Fault) -> bool:
    """Whether a finding is about one of the files that a fault wrote."""
    return bool({finding.stem, Path(finding.file).stem} & {Path(file).stem for file in fault.files})


def test_every_synthetic_fault_is_named_by_its_rule_on_its_own_files_only(tmp_path: Path) -> None:
    faults = write_broken_pairs(tmp_path, seed=5)
    report = check(tmp_path)
    named = {
        fault.rule
        for fault in faults
        if any(found.rule == fault.rule and concerns(found, fault) for found in report.findings)
    }
    # The name with the control character is shown escaped, so it is looked for by its rule alone.
    named |= {found.rule for found in report.findings if found.rule == "bad-name"}
    assert named == {fault.rule for fault in faults}
    rule_of = {Path(file).stem: fault.rule for fault in faults for file in fault.files}
    blamed = [(rule_of[found.stem], found.rule) for found in report.findings if found.stem in rule_of]
    assert [(fault, rule) for fault, rule in blamed if fault != rule] == []


def test_ordinary_pairs_pass_and_their_facts_are_kept(tmp_path: Path) -> None:
    for seed in range(4):
        write_pair(tmp_path, f"zähler {seed}", seed=seed)
    report = check(tmp_path)
    assert (report.findings, report.checked_pairs, report.blocked) == ((), 4, False)
    assert [facts.stem for facts in report.facts] == [f"zähler {seed}" for seed in range(4)]


@pytest.mark.parametrize("quarantine", [False, True])
def test_errors_block_unless_they_are_set_aside(tmp_path: Path, quarantine: bool) -> None:
    write_pair(tmp_path, "good", seed=1)
    write_pair(tmp_path, "bad", seed=2, share=0.0)
    save(picture(3), tmp_path / "images/alone.jpg")
    report = check(tmp_path, quarantine=quarantine)
    assert report.blocked != quarantine
    assert report.quarantined == (("bad", "images/alone.jpg") if quarantine else ())
    assert [facts.stem for facts in report.facts] == ["good"]


def test_every_leftover_file_has_a_finding(tmp_path: Path) -> None:
    write_pair(tmp_path, "good", seed=1)
    names = ["images/a.txt", "images/b.webp", "masks/c.png", "unpaired.jpg", "notes.md", "images/d/e.jpg"]
    for name in [*names, "images/two.jpg", "masks/two.png", "masks/two.jpg"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "images/link.jpg").symlink_to("good.jpg")
    plan = plan_folder(tmp_path, manifest=EMPTY)
    assert {found.file for found in check(tmp_path, plan=plan).findings} == set(plan.leftover)


def test_a_duplicate_is_a_warning_and_skipped(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", seed=1)
    write_pair(tmp_path, "b", seed=1)
    report = check(tmp_path)
    assert [(found.rule, found.file) for found in report.findings] == [("duplicate", "images/b.jpg")]
    assert [facts.stem for facts in report.facts] == ["a"]


def test_a_file_that_vanishes_after_the_merge_is_a_finding(tmp_path: Path) -> None:
    write_pair(tmp_path, "a", seed=1)
    plan = plan_folder(tmp_path, manifest=EMPTY)
    (tmp_path / "masks/a.png").unlink()
    assert [found.rule for found in check(tmp_path, plan=plan).findings] == ["unreadable"]


class Counted(Silent):
    def __init__(self) -> None:
        self.seen: list[int] = []

    def track(self, items: Iterable[T], *, label: str, total: int) -> Iterator[T]:
        for item in items:
            self.seen.append(total)
            yield item


def test_progress_is_told_of_every_pair(tmp_path: Path) -> None:
    for seed in range(3):
        write_pair(tmp_path, f"m{seed}", seed=seed, share=0.0 if seed == 1 else 0.03)
    progress = Counted()
    check(tmp_path, progress=progress)
    assert progress.seen == [3, 3, 3]
