from __future__ import annotations

from pathlib import Path

import pytest

from factories import BRANCH, Story, make_finding, make_report, run_records
from wms.core.records.dataset import SPLITS, Conflict, ValidationReport
from wms.core.records.run import RunState
from wms.core.records.training import Candidate
from wms.report import view
from wms.report.records import RunRecords
from wms.report.view import RunView

KEPT = Candidate(version=None, run_id="r", weights_sha256="0" * 64, unregistered="files are denied")
UNPUBLISHED = {"promotion": None, "merged": None}


@pytest.mark.parametrize(
    ("story", "changes", "kind", "headline", "told"),
    [
        ("first", {}, "merged", "Version 7 was promoted", "at or above the floor"),
        ("merged", {}, "merged", "Version 7 was promoted", "better, with 21 new training images"),
        ("published", {}, "published", "Version 7 was proposed", "#12 is open and merging it failed"),
        ("held", {}, "held", "Held", "worse at 90%"),
        ("blocked", {}, "blocked", "Blocked", "1 error in the incoming data"),
        ("failed", {}, "failed", "Failed in train", "there is no verdict"),
        ("published", {"state": RunState(run_id="r", outcome="void")}, "void", "Void", "can never be merged"),
        (
            *("merged", {**UNPUBLISHED, "candidate": KEPT, "state": None}),
            *("candidate", "Kept as a candidate", "files are denied; `wms model adopt "),
        ),
        (
            *("published", {**UNPUBLISHED, "state": RunState(run_id="r", jobs={"publish": "failed"})}),
            *("failed", "Failed in publish", "promote: better, with"),
        ),
    ],
)
def test_the_last_record_says_how_a_run_ended(
    tmp_path: Path, story: Story, changes: dict[str, object], kind: str, headline: str, told: str
) -> None:
    records = run_records(tmp_path, story, *([make_finding()] if story == "blocked" else []))
    end = RunView(records.model_copy(update=changes)).ending
    assert (end.kind, end.headline) == (kind, headline)
    assert told in end.detail


def test_conflicts_block(tmp_path: Path) -> None:
    merge = run_records(tmp_path, "blocked").merge
    assert merge is not None
    conflict = Conflict(stem="a", image_source="i", mask_source="m", branch=BRANCH, taken_by="main")
    end = RunView(RunRecords(merge=merge.model_copy(update={"conflicts": (conflict,)}))).ending
    assert (end.kind, end.headline) == ("blocked", "Blocked")


def test_a_run_without_records_is_unfinished() -> None:
    assert RunView(RunRecords()).ending.kind == "unfinished"


def test_the_comparison_has_bounds_only_where_the_gate_drew_them(tmp_path: Path) -> None:
    decision = run_records(tmp_path, "merged").decision
    assert decision is not None
    rows = {row.metric: row for row in view.comparison(decision)}
    assert [name for name, row in rows.items() if row.bounds != view.NONE] == ["Dice", "IoU"]
    assert rows["Dice"].candidate == f"{decision.candidate.summary.dice:.4f}"
    assert rows["Failures (lower is better)"].candidate == "0"


def test_a_first_model_is_compared_with_nothing(tmp_path: Path) -> None:
    decision = run_records(tmp_path, "first").decision
    assert decision is not None
    for row in view.comparison(decision):
        assert (row.champion, row.difference, row.bounds) == (view.NONE,) * 3


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0.01234, 4, "+0.0123"),
        (-0.01234, 4, f"{view.MINUS}0.0123"),
        (0.00001, 4, "0.0000"),
        (-0.00001, 4, "0.0000"),
        (2, 0, "+2"),
        (-2, 0, f"{view.MINUS}2"),
        (0, 0, "0"),
    ],
)
def test_differences_have_a_sign_unless_they_round_to_nothing(value: float, digits: int, shown: str) -> None:
    assert view.signed(value, digits) == shown


def test_a_metric_that_an_earlier_summary_does_not_have_is_left_out(tmp_path: Path) -> None:
    decision = run_records(tmp_path, "first").decision
    assert decision is not None
    summary = decision.candidate.summary.model_copy(update={"precision": None})
    candidate = decision.candidate.model_copy(update={"summary": summary})
    rows = view.comparison(decision.model_copy(update={"candidate": candidate}))
    assert "Recall" in {row.metric for row in rows}
    assert "Precision" not in {row.metric for row in rows}


def test_a_tally_counts_equal_images_as_neither_better_nor_worse() -> None:
    scores = [("a", 0.8, 0.7), ("b", 0.7, 0.8), ("c", 0.5, 0.5), ("d", 0.5, 0.5 + 1e-9)]
    pairs = [view.Pair(name, ours, theirs) for name, ours, theirs in scores]
    assert view.tally(pairs) == view.Tally(better=1, worse=1, equal=2)


def test_only_images_that_both_models_saw_are_paired() -> None:
    records = RunRecords(
        evaluation=make_report([0.5, 0.75], stems=["a", "b"]),
        evaluation_champion=make_report([0.25], stems=["b"]),
    )
    assert RunView(records).pairs == (("b", 0.75, 0.25),)


def test_additions_are_counted_by_branch_and_split(tmp_path: Path) -> None:
    records = run_records(tmp_path, "merged")
    assert records.split is not None
    splits = [item.split for item in records.split.assigned]
    counts = [splits.count(split) for split in SPLITS]
    assert RunView(records).by_branch == [(BRANCH, *counts, 30)]


def test_findings_are_ordered_errors_first_and_the_frequent_rule_first() -> None:
    findings = (
        make_finding(rule="grey", severity="warning"),
        make_finding(rule="rare"),
        make_finding("a", rule="often"),
        make_finding("b", rule="often"),
    )
    run = RunView(RunRecords(validation=ValidationReport(checked_pairs=3, findings=findings)))
    assert run.by_rule == [("often", "error", 2), ("rare", "error", 1), ("grey", "warning", 1)]


def test_what_was_never_recorded_is_empty() -> None:
    run = RunView(RunRecords())
    assert not any((run.comparison, run.new_samples, run.added, run.by_branch, run.findings, run.by_rule))
    assert not any((run.intake, run.digests, run.conflicts, run.pairs, run.tally, run.unregistered))
