"""Golden texts lie in tests/golden; WMS_UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from factories import (
    BRANCH,
    Story,
    git_sha,
    make_finding,
    make_manifest,
    make_merge,
    make_metadata,
    make_policy,
    make_report,
    run_records,
    sha256,
)
from pages import Page
from wms.core.errors import RecordError
from wms.core.records.dataset import Conflict, ValidationReport
from wms.core.records.decision import GateInputs
from wms.core.records.left_out import LeftOut
from wms.core.records.release import ReleaseProvenance
from wms.gate.decide import decide
from wms.report.gallery import Gallery, RunImages, ShownImage, curves_file
from wms.report.images import choose
from wms.report.markdown import (
    blocked_body,
    conflict_body,
    hold_body,
    promotion_body,
    release_body,
    rollback_body,
    summary,
    taken_body,
    waiting_body,
)
from wms.report.markup import COMMENT_LIMIT
from wms.report.plots import learning_curves
from wms.report.records import RunRecords

GOLDEN = Path(__file__).parents[2] / "golden"
WARNING = make_finding(
    "masks/winter-0004.jpg",
    rule="jpeg-mask",
    severity="warning",
    message="grey levels ring around 0 and 255",
    remedy="No action needed.",
)
ERRORS = (
    make_finding("images/winter-0001.jpg"),
    make_finding("images/<b>|`@octocat`.jpg", rule="bad-name", message="`|` in <b>|`@octocat`.jpg"),
)


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("WMS_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


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
    ("golden", "story", "write"),
    [
        ("promotion.md", "merged", lambda records: promotion_body(records, from_version=6)),
        ("hold.md", "held", hold_body),
        ("summary.md", "merged", summary),
        ("blocked.md", "blocked", lambda records: blocked_body(records.validation)),
        (
            "taken.md",
            "first",
            lambda _: taken_body(LeftOut(branch="data/winter-round", findings=ERRORS), version=7),
        ),
    ],
)
def test_a_text(tmp_path: Path, golden: str, story: Story, write: Callable[[RunRecords], str]) -> None:
    findings = (WARNING, *ERRORS) if story == "blocked" else (WARNING,)
    assert_golden(golden, write(run_records(tmp_path, story, *findings)))


@pytest.mark.parametrize(
    ("story", "golden"), [("merged", "promotion-pictures.md"), ("first", "first-pictures.md")]
)
def test_the_text_of_a_promotion_with_images(tmp_path: Path, story: Story, golden: str) -> None:
    records = run_records(tmp_path, story)
    text = promotion_body(records, gallery=gallery_of(records), run_url="https://forge/o/n/actions/runs/1")
    assert_golden(golden, text)


def test_the_text_of_a_first_promotion(tmp_path: Path) -> None:
    assert_golden("first-promotion.md", promotion_body(run_records(tmp_path, "first")))


def test_pictures_that_could_not_be_stored_are_missed_aloud(tmp_path: Path) -> None:
    gallery = Gallery(missing="git push failed: <b>`disk|full`")
    text = hold_body(run_records(tmp_path, "held"), gallery=gallery)
    assert "The images could not be stored: git push failed: &lt;b>&#96;disk&#124;full&#96;." in text
    assert "![" not in text


HOSTILE = ("](x)", "<img src=x onerror=alert(1)>", "|", "`", "@team", "#1", "a\nb", "-->", "![x](http://y)")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_as_it_is_and_does_nothing(tmp_path: Path, name: str) -> None:
    records = run_records(tmp_path, "held")
    gallery = gallery_of(records, stem=name)
    page = Page.of_markdown(hold_body(records, gallery=gallery))
    assert gallery.images is not None
    assert {tag["src"] for tag in page.having("img")} == set(gallery.urls.values())
    links = {tag["href"] for tag in page.having("a")}
    assert links == set(gallery.urls.values()) - {"https://forge/learning-curves.png"}
    assert page.codes.count(name.replace("\n", "\\n")) == len(gallery.images.pictures)
    assert not any("onerror" in attributes for _, attributes in page.tags)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_branch_is_named_in_code_alone(name: str) -> None:
    assert Page.of_markdown(waiting_body([name])).codes == [name.replace("\n", "\\n")]


@pytest.mark.parametrize("story", ["first", "merged", "published", "held", "blocked", "failed"])
def test_every_run_has_a_summary_whatever_is_missing(tmp_path: Path, story: Story) -> None:
    assert summary(run_records(tmp_path, story)).startswith("## ")


def test_a_run_that_left_nothing_has_a_summary() -> None:
    assert summary(RunRecords()).startswith("## Unfinished")


def test_rolling_back_without_knowing_the_version_names_no_version(tmp_path: Path) -> None:
    text = promotion_body(run_records(tmp_path, "merged"))
    assert "wms model rollback\n" in text
    assert "replaces the model in production" in text


@pytest.mark.parametrize("write", [promotion_body, hold_body])
def test_a_verdict_without_a_decision_is_an_error(write: Callable[[RunRecords], str]) -> None:
    with pytest.raises(RecordError, match="decision"):
        write(RunRecords())


def test_at_most_200_findings_are_listed_and_the_rest_is_counted() -> None:
    findings = tuple(make_finding(f"images/{number:04d}.jpg") for number in range(250))
    text = blocked_body(ValidationReport(checked_pairs=250, findings=findings))
    assert "images/0199.jpg" in text
    assert "images/0200.jpg" not in text
    assert "50 more findings not listed here." in text


def test_any_findings_fit_into_a_comment_and_a_summary(tmp_path: Path) -> None:
    hostile = tuple(
        make_finding("|`" * 120 + f"{number}", message="<@水>|" * 200, remedy="_*" * 200)
        for number in range(400)
    )
    report = ValidationReport(checked_pairs=400, findings=hostile)
    body = blocked_body(report)
    assert len(body) <= COMMENT_LIMIT
    assert "more findings not listed here." in body
    records = run_records(tmp_path, "held", *hostile)
    gallery = gallery_of(records, stem="|`" * 120, host="file:///" + "x" * 1000)
    body = hold_body(records, gallery=gallery)
    assert len(body) <= COMMENT_LIMIT
    assert "more in the run's report." in body
    assert all(str(tag["src"]).endswith((".jpg", ".png")) for tag in Page.of_markdown(body).having("img"))
    assert len(summary(records).encode()) <= 2**20  # GitHub takes no more from a step


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
    page = Page.of_markdown(body)
    assert page.having("img") == []
    assert page.having("a") == [{"href": "https://forge/o/n/actions/runs/1"}]
    assert "@team" not in page.text


DECISION = decide(
    make_policy(),
    GateInputs(
        candidate=make_report([0.9] * 12),
        champion=make_report([0.8] * 12, weights="v6"),
        new_candidate=None,
        new_champion=None,
    ),
)
PROMOTED = ReleaseProvenance(commit_sha=git_sha("merge"), pull_request=12, model=make_metadata(7))
DIGESTS = {"model.onnx": sha256("onnx"), "model.json": sha256("card")}


def test_the_first_line_of_a_release_is_the_verdict_and_every_digest_is_named() -> None:
    body = release_body(PROMOTED, DECISION, DIGESTS, repository="octo/meters")
    assert body.startswith(f"**Promoted**: {DECISION.reasons[0][:20]}")
    assert "| Dice | 0.9000 | 0.8000 | +0.1000 |" in body
    assert "| pull request | #12 |" in body
    for digest in (*DIGESTS.values(), git_sha("merge"), PROMOTED.model.records_sha256):
        assert digest in body
    assert "--version 7" in body


def test_nothing_that_a_release_takes_from_outside_is_markup() -> None:
    hostile = DECISION.model_copy(update={"reasons": ("<img src=x> @everyone | closes #1 `",)})
    body = release_body(PROMOTED, hostile, {"a`|b<script>": sha256("x")}, repository="")
    assert not re.search("<img|<script|@everyone|closes #1", body)
