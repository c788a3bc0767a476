"""Golden texts lie in tests/golden; WMS_UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factories import BRANCH, Story, make_finding, make_manifest, make_merge, write_run
from wms.domain.dataset import Conflict, Finding, ValidationReport
from wms.domain.errors import RecordError
from wms.domain.left_out import LeftOut
from wms.layout import Layout
from wms.report.markdown import blocked_body, conflict_body, hold_body, promotion_body, summary, taken_body
from wms.report.markup import COMMENT_LIMIT, SUMMARY_LIMIT
from wms.report.records import RunRecords

GOLDEN = Path(__file__).parents[2] / "golden"
WARNING = make_finding(
    "masks/winter-0004.jpg",
    rule="jpeg-mask",
    severity="warning",
    message="grey levels ring around 0 and 255",
    remedy="Nothing need be done.",
)
ERRORS = (
    make_finding("images/winter-0001.jpg"),
    make_finding("images/<b>|`@octocat`.jpg", rule="bad-name", message="`|` in <b>|`@octocat`.jpg"),
)


def records_of(tmp_path: Path, story: Story, *findings: Finding) -> RunRecords:
    layout = Layout(tmp_path)
    write_run(layout, story, findings=findings)
    return RunRecords.load(layout.run)


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("WMS_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_text_of_a_promotion(tmp_path: Path) -> None:
    records = records_of(tmp_path, "merged", WARNING)
    assert_golden("promotion.md", promotion_body(records, from_version=6))


def test_the_text_of_a_first_promotion(tmp_path: Path) -> None:
    assert_golden("first-promotion.md", promotion_body(records_of(tmp_path, "first")))


def test_the_text_of_a_hold(tmp_path: Path) -> None:
    assert_golden("hold.md", hold_body(records_of(tmp_path, "held", WARNING)))


def test_the_text_on_a_branch_that_was_taken_in_part() -> None:
    left_out = LeftOut(branch="data/winter-round", findings=ERRORS)
    assert_golden("taken.md", taken_body(left_out, version=7))


def test_the_text_of_a_blocked_push(tmp_path: Path) -> None:
    report = records_of(tmp_path, "blocked", *ERRORS, WARNING).validation
    assert report is not None
    assert_golden("blocked.md", blocked_body(report))


def test_the_summary_of_a_merged_run(tmp_path: Path) -> None:
    assert_golden("summary.md", summary(records_of(tmp_path, "merged", WARNING)))


@pytest.mark.parametrize("story", ["first", "merged", "published", "held", "blocked", "failed"])
def test_every_run_has_a_summary_whatever_is_missing(tmp_path: Path, story: Story) -> None:
    assert summary(records_of(tmp_path, story)).startswith("## ")


def test_a_run_that_left_nothing_has_a_summary() -> None:
    assert summary(RunRecords()).startswith("## Unfinished")


def test_rolling_back_without_knowing_the_version_names_no_version(tmp_path: Path) -> None:
    text = promotion_body(records_of(tmp_path, "merged"))
    assert "wms model rollback\n" in text
    assert "takes the place of the model in production" in text


def test_a_promotion_without_a_decision_is_an_error() -> None:
    with pytest.raises(RecordError, match="decision"):
        promotion_body(RunRecords())


def test_a_hold_without_a_decision_is_an_error() -> None:
    with pytest.raises(RecordError, match="decision"):
        hold_body(RunRecords())


def test_at_most_200_findings_are_listed_and_the_rest_is_counted() -> None:
    findings = tuple(make_finding(f"images/{number:04d}.jpg") for number in range(250))
    text = blocked_body(ValidationReport(checked_pairs=250, findings=findings))
    assert "images/0199.jpg" in text
    assert "images/0200.jpg" not in text
    assert "50 more findings not listed here." in text


def test_errors_are_listed_before_warnings() -> None:
    report = ValidationReport(checked_pairs=2, findings=(WARNING, ERRORS[0]))
    text = blocked_body(report)
    assert text.index("winter-0001") < text.index("winter-0004")


def test_any_findings_fit_into_a_comment_and_a_summary(tmp_path: Path) -> None:
    hostile = tuple(
        make_finding("|`" * 120 + f"{number}", message="<@水>|" * 200, remedy="_*" * 200)
        for number in range(400)
    )
    report = ValidationReport(checked_pairs=400, findings=hostile)
    body = blocked_body(report)
    assert len(body) <= COMMENT_LIMIT
    assert "more findings not listed here." in body
    records = records_of(tmp_path, "held", *hostile)
    assert len(hold_body(records)) <= COMMENT_LIMIT
    assert len(summary(records).encode()) <= SUMMARY_LIMIT


def test_conflicts_name_both_sides(tmp_path: Path) -> None:
    conflict = Conflict(
        stem="a", image_source=f"{BRANCH}/images/a.jpg", mask_source="m", branch=BRANCH, taken_by="main"
    )
    plan = make_merge(make_manifest(3), []).model_copy(update={"conflicts": (conflict,)})
    text = conflict_body(plan)
    assert f"| `{BRANCH}/images/a.jpg` | `{BRANCH}` | main |" in text
    assert "--on-conflict rename" in text
