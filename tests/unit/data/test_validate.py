"""Validation of whole pushes: all findings in one pass, and what quarantine leaves."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PIL import Image

from pairs import SETTINGS, mask, picture, save, write_pair
from wms.core.progress import Silent
from wms.core.records.dataset import DatasetManifest, Finding, MergePlan, ValidationReport
from wms.data.plan import plan_folder
from wms.data.validate import validate_plan
from wms.synth.faults import Fault, write_broken_pairs

T = TypeVar("T")
EMPTY = DatasetManifest()


def check(
    folder: Path, *, quarantine: bool = False, plan: MergePlan | None = None, workers: int | None = None
) -> ValidationReport:
    return validate_plan(
        plan=plan or plan_folder(folder, manifest=EMPTY),
        incoming=folder,
        manifest=EMPTY,
        settings=SETTINGS,
        quarantine=quarantine,
        workers=workers,
        progress=Silent(),
    )


def concerns(finding: Finding, fault: Fault) -> bool:
    """Whether a finding is about one of the files that a fault wrote."""
    return bool({finding.stem, Path(finding.file).stem} & {Path(file).stem for file in fault.files})


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Fault, ...], ValidationReport]:
    folder = tmp_path_factory.mktemp("broken")
    return write_broken_pairs(folder, seed=5), check(folder)


def test_every_synthetic_fault_is_named_by_its_rule(
    broken: tuple[tuple[Fault, ...], ValidationReport],
) -> None:
    faults, report = broken
    named = {
        fault.rule
        for fault in faults
        if any(found.rule == fault.rule and concerns(found, fault) for found in report.findings)
    }
    # The name with the control character is shown escaped, so it is looked for by its rule alone.
    named |= {found.rule for found in report.findings if found.rule == "bad-name"}
    assert named == {fault.rule for fault in faults}


def test_a_fault_is_blamed_on_its_own_files_only(
    broken: tuple[tuple[Fault, ...], ValidationReport],
) -> None:
    faults, report = broken
    rule_of = {Path(file).stem: fault.rule for fault in faults for file in fault.files}
    blamed = [(rule_of[found.stem], found.rule) for found in report.findings if found.stem in rule_of]
    assert [(fault, rule) for fault, rule in blamed if fault != rule] == []


def test_ordinary_pairs_pass_and_their_facts_are_kept(tmp_path: Path) -> None:
    for seed in range(4):
        write_pair(tmp_path, f"zähler {seed}", seed=seed)
    report = check(tmp_path)
    assert (report.findings, report.checked_pairs, report.blocked) == ((), 4, False)
    assert [facts.stem for facts in report.facts] == [f"zähler {seed}" for seed in range(4)]


def test_errors_block_and_the_good_pairs_facts_are_kept(tmp_path: Path) -> None:
    write_pair(tmp_path, "good", seed=1)
    write_pair(tmp_path, "bad", seed=2, share=0.0)
    report = check(tmp_path)
    assert report.blocked
    assert report.quarantined == ()
    assert [facts.stem for facts in report.facts] == ["good"]


def test_quarantine_sets_every_error_aside(tmp_path: Path) -> None:
    write_pair(tmp_path, "good", seed=1)
    write_pair(tmp_path, "bad", seed=2, share=0.0)
    save(picture(3), tmp_path / "images/alone.jpg")
    report = check(tmp_path, quarantine=True)
    assert not report.blocked
    assert report.quarantined == ("bad", "images/alone.jpg")
    assert [facts.stem for facts in report.facts] == ["good"]


def test_a_push_of_pictures_only_names_each(tmp_path: Path) -> None:
    for seed in range(3):
        save(picture(seed), tmp_path / f"images/m{seed}.jpg")
    assert [found.rule for found in check(tmp_path).findings] == ["missing-mask"] * 3


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


def test_findings_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    write_broken_pairs(tmp_path, seed=6)
    assert check(tmp_path, workers=1) == check(tmp_path, workers=4)


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
        save(picture(seed), tmp_path / f"images/m{seed}.jpg")
        save(mask(), tmp_path / f"masks/m{seed}.png")
    save(Image.new("L", (160, 120)), tmp_path / "masks/m1.png")
    progress = Counted()
    validate_plan(
        plan=plan_folder(tmp_path, manifest=EMPTY),
        incoming=tmp_path,
        manifest=EMPTY,
        settings=SETTINGS,
        quarantine=False,
        progress=progress,
    )
    assert progress.seen == [3, 3, 3]
