"""Golden texts lie in tests/golden; WMS_UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from factories import BRANCH, Story, make_finding, make_manifest, make_merge, make_metadata, write_run
from wms.core.errors import RecordError
from wms.core.layout import Layout
from wms.core.records.dataset import Conflict, Finding, ValidationReport
from wms.core.records.left_out import LeftOut
from wms.report.branches import blocked_body, conflict_body, taken_body, waiting_body
from wms.report.gallery import Gallery, RunImages, ShownImage, curves_file
from wms.report.images import choose
from wms.report.markdown import hold_body, promotion_body, rollback_body, summary
from wms.report.markup import COMMENT_LIMIT, SUMMARY_LIMIT
from wms.report.plots import learning_curves
from wms.report.records import RunRecords

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})
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


def gallery_of(records: RunRecords, *, stem: str = "", host: str = "https://forge") -> Gallery:
    """A gallery of a whole run, as `draw_images` chooses it; `stem` takes the place of every name."""
    assert records.evaluation is not None
    assert records.train is not None
    images = [
        ShownImage(
            file=f"test-{number}.jpg",
            width_px=800,
            height_px=300,
            kind=item.kind,
            stem=stem or item.stem,
            dice=item.dice,
            champion_dice=item.champion_dice,
        )
        for number, item in enumerate(choose(records.evaluation, records.evaluation_champion), start=1)
    ]
    images += [
        ShownImage(
            file=f"added-{number}.jpg",
            width_px=320,
            height_px=240,
            kind="added",
            stem=stem or f"winter-{number}",
        )
        for number in range(1, 11)
    ]
    curves = learning_curves(records.train.epochs, records.train.best_epoch)
    return Gallery(
        urls={file: f"{host}/{file}" for file in [curves_file(curves), *(image.file for image in images)]},
        curves=curves,
        images=RunImages(evaluation_sha256=records.evaluation.digest, pictures=tuple(images)),
    )


@pytest.mark.parametrize(
    ("story", "golden"), [("merged", "promotion-pictures.md"), ("first", "first-pictures.md")]
)
def test_the_text_of_a_promotion_with_pictures(tmp_path: Path, story: Story, golden: str) -> None:
    records = records_of(tmp_path, story)
    text = promotion_body(records, gallery=gallery_of(records), run_url="https://forge/o/n/actions/runs/1")
    assert_golden(golden, text)


def test_pictures_that_could_not_be_stored_are_missed_aloud(tmp_path: Path) -> None:
    gallery = Gallery(missing="git push failed: <b>`disk|full`")
    text = hold_body(records_of(tmp_path, "held"), gallery=gallery)
    assert "The images could not be stored: git push failed: &lt;b>&#96;disk&#124;full&#96;." in text
    assert "![" not in text


HOSTILE = ("](x)", "<img src=x onerror=alert(1)>", "|", "`", "@team", "#1", "a\nb", "-->", "![x](http://y)")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is_and_does_nothing(tmp_path: Path, name: str) -> None:
    records = records_of(tmp_path, "held")
    gallery = gallery_of(records, stem=name)
    page = MARKDOWN.render(hold_body(records, gallery=gallery))
    shown = Rendered(page)
    assert set(shown.sources) == set(gallery.urls.values())
    assert set(shown.links) == set(gallery.urls.values()) - {"https://forge/learning-curves.png"}
    assert all(code == name.replace("\n", "\\n") for code in shown.captions)
    assert "onerror" not in shown.attributes


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_branch_is_named_in_code_alone(name: str) -> None:
    text = waiting_body([name], run_url="")
    assert Rendered(MARKDOWN.render(text)).codes == [name.replace("\n", "\\n")]


class Rendered(HTMLParser):
    """The images, links and code spans of rendered Markdown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.links: list[str] = []
        self.codes: list[str] = []
        self.captions: list[str] = []
        self.attributes: set[str] = set()
        self._open: list[str] = []
        self._after_picture = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        self.attributes |= {name for name, _ in attrs}
        found = dict(attrs)
        if tag in {"img", "td"}:
            self._after_picture = tag == "img"
        if tag == "img":
            self.sources.append(str(found["src"]))
        if tag == "a":
            self.links.append(str(found["href"]))
        if tag == "code":
            self.codes.append("")
            if self._after_picture:
                self.captions.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "code" in self._open:
            self.codes[-1] += data
            if self._after_picture:
                self.captions[-1] += data


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
    assert "replaces the model in production" in text


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
    gallery = gallery_of(records, stem="|`" * 120, host="file:///" + "x" * 1000)
    body = hold_body(records, gallery=gallery)
    assert len(body) <= COMMENT_LIMIT
    assert "more in the run's report." in body
    assert all(url.endswith((".jpg", ".png")) for url in Rendered(MARKDOWN.render(body)).sources)
    assert len(summary(records).encode()) <= SUMMARY_LIMIT


def test_conflicts_name_both_sides(tmp_path: Path) -> None:
    conflict = Conflict(
        stem="a", image_source=f"{BRANCH}/images/a.jpg", mask_source="m", branch=BRANCH, taken_by="main"
    )
    plan = make_merge(make_manifest(3), []).model_copy(update={"conflicts": (conflict,)})
    text = conflict_body(plan)
    assert f"| `{BRANCH}/images/a.jpg` | `{BRANCH}` | main |" in text
    assert "--on-conflict rename" in text


def test_a_rollback_says_from_where_to_where_and_quotes_a_reason_as_text_alone() -> None:
    hostile = make_metadata(2, reason="worse ](x) <img onerror=1> @team #1 | `", actor="oct`ocat")
    body = rollback_body(make_metadata(3), hostile, run_url="https://forge/o/n/actions/runs/1")
    assert body.startswith("**Roll back** from version 3 to version 2.")
    shown = MARKDOWN.render(body)
    assert "<img" not in shown
    assert 'href="x"' not in shown
    assert "@team" not in shown
    assert "https://forge/o/n/actions/runs/1" in shown
