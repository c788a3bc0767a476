from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from factories import BRANCH, NOW, Story, make_finding, make_metadata, make_request, write_run
from pages import Page
from wms.core.errors import RecordError, StorageError
from wms.core.files import read_record, write_record
from wms.core.layout import Layout
from wms.core.records.base import Record
from wms.core.records.dataset import BranchHead
from wms.core.records.training import Candidate
from wms.report.gallery import RunImages, ShownImage
from wms.report.page import RunEntry, write_index, write_run_page

STORIES: tuple[Story, ...] = ("first", "merged", "published", "held", "blocked", "failed")
HOSTILE = "</code><script>alert(1)</script><img src=x onerror=alert(1)>"


def page_of(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def reported(folder: Path, story: Story, **request: object) -> Path:
    layout = Layout(folder)
    findings = [make_finding(HOSTILE)] if story == "blocked" else []
    write_run(layout, story, findings=findings)
    if request:
        write_record(layout.record("request"), make_request(**request))
    return write_run_page(layout, to=layout.reports, images=None)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[Story, Path]:
    """A page of every ending, drawn once."""
    return {story: reported(tmp_path_factory.mktemp(story), story) for story in STORIES}


@pytest.mark.parametrize("story", STORIES)
def test_every_ending_has_a_whole_page(pages: dict[Story, Path], story: Story) -> None:
    page = page_of(pages[story])
    assert page.open == []
    assert pages[story].stem == make_request().run_id
    entry = read_record(pages[story].with_suffix(".json"), RunEntry)
    assert entry.headline in page.text


@pytest.mark.parametrize("story", STORIES)
def test_a_page_asks_for_nothing_from_elsewhere(pages: dict[Story, Path], story: Story) -> None:
    page = page_of(pages[story])
    assert page.having("link") == page.having("script") == page.having("source") == []
    assert "default-src 'none'; img-src data:" in pages[story].read_text()
    written = re.sub(r'xmlns(:\w+)?="[^"]*"', "", pages[story].read_text())
    assert "http" not in written.replace('http-equiv="', "")


def test_every_picture_says_what_it_shows_and_every_table_heads_its_columns(pages: dict[Story, Path]) -> None:
    page = page_of(pages["merged"])
    assert all(tag["aria-label"] for tag in page.having("svg"))
    assert all(tag["scope"] in {"row", "col"} for tag in page.having("th"))
    assert page.having("html") == [{"lang": "en"}]
    assert len(page.having("h1")) == 1


def test_a_model_in_no_registry_is_said_on_its_page_whatever_the_verdict(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_run(layout, "held")
    kept = Candidate(version=None, run_id="r", weights_sha256="0" * 64, unregistered="files <denied>")
    write_record(layout.record("candidate"), kept)
    page = page_of(write_run_page(layout, to=layout.reports, images=None))
    assert "in no registry: files <denied>" in page.text


def test_names_from_outside_are_shown_and_never_run(tmp_path: Path) -> None:
    page = page_of(
        reported(tmp_path, "blocked", actor=HOSTILE, branches=(BranchHead(name=HOSTILE, sha="a" * 40),))
    )
    assert page.text.count(HOSTILE) == 3
    assert page.having("script") == page.having("img") == []


def test_a_blocked_run_shows_its_findings_before_all_else(pages: dict[Story, Path]) -> None:
    text = page_of(pages["blocked"]).text
    assert text.index("Findings") < text.index("What happened to everything that arrived")


def test_the_same_run_reported_again_gives_the_same_page(pages: dict[Story, Path], tmp_path: Path) -> None:
    again = reported(tmp_path, "failed")
    assert again.read_bytes() == pages["failed"].read_bytes()


def test_without_a_request_there_is_no_run_to_report(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.run.mkdir()
    with pytest.raises(RecordError, match=r"no request\.json"):
        write_run_page(layout, to=layout.reports, images=None)


@pytest.mark.parametrize("run_id", ["../escape", "a/b", "", ".hidden", "/tmp/x"])  # noqa: S108
def test_a_run_id_that_is_a_path_is_refused(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(RecordError, match="not the name of a run"):
        reported(tmp_path, "failed", run_id=run_id)
    assert not Layout(tmp_path).reports.exists()


@pytest.mark.parametrize("story", ["first", "held"])
def test_a_page_carries_its_pictures_in_itself(tmp_path: Path, story: Story) -> None:
    layout = Layout(tmp_path)
    write_run(layout, story)
    shown = picture_files(layout)
    page = page_of(write_run_page(layout, to=layout.reports, images=shown))
    sources = [str(tag["src"]) for tag in page.having("img")]
    assert len(sources) == len(shown.pictures)
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "Dice 0.41" in str(page.having("img")[0]["alt"])
    assert HOSTILE in page.text


def picture_files(layout: Layout) -> RunImages:
    """Two pictures of a run, of a hostile name."""
    pictures = tuple(
        ShownImage(file=f"{kind}.jpg", width_px=4, height_px=3, kind=kind, stem=HOSTILE, dice=dice)
        for kind, dice in (("worst", 0.41), ("added", None))
    )
    layout.images.mkdir()
    for picture in pictures:
        Image.new("RGB", (4, 3)).save(layout.images / picture.file)
    return RunImages(evaluation_sha256="0" * 64, pictures=pictures)


def test_a_page_without_photographs_has_its_tables_and_plots(pages: dict[Story, Path]) -> None:
    page = page_of(pages["held"])
    assert page.having("img") == []
    assert len(page.having("svg")) == 7
    assert "Boundary F-score" in page.text


def test_a_picture_that_is_gone_is_an_error_that_names_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_run(layout, "held")
    shown = picture_files(layout)
    (layout.images / "added.jpg").unlink()
    with pytest.raises(StorageError, match=r"added\.jpg"):
        write_run_page(layout, to=layout.reports, images=shown)


@pytest.mark.parametrize(("url", "href"), [("", "index.html"), ("https://forge/o/n/actions/runs/1",) * 2])
def test_a_page_leads_back_to_where_it_came_from(tmp_path: Path, url: str, href: str) -> None:
    layout = Layout(tmp_path)
    write_run(layout, "blocked")
    page = page_of(write_run_page(layout, to=layout.reports, images=None, run_url=url))
    assert [tag["href"] for tag in page.having("a")] == [href]


def entry(run_id: str, **changes: object) -> Record:
    values: dict[str, object] = {
        "run_id": run_id,
        "started_at": NOW,
        "actor": "mara",
        "branches": (BRANCH,),
        "added": 3,
        "ending": "held",
        "headline": "Held",
        "detail": "not better",
    }
    return RunEntry.model_validate(values | changes)


def test_the_index_lists_runs_newest_first_with_links_that_lead_to_them(tmp_path: Path) -> None:
    for day in (3, 1, 2):
        name = f"run-{day}"
        write_record(tmp_path / f"{name}.json", entry(name, started_at=NOW.replace(day=day)))
    page = page_of(write_index(tmp_path, production=None, history=()))
    links = [tag["href"] for tag in page.having("a")]
    assert links == ["run-3.html", "run-2.html", "run-1.html"]


def test_the_index_says_what_is_in_production_and_what_was(tmp_path: Path) -> None:
    now, before = make_metadata(5, kind="rollback", reason=HOSTILE), make_metadata(6)
    page = page_of(write_index(tmp_path, production=now, history=(now, before)))
    assert "Version 5 is in production" in page.text
    assert page.text.count(HOSTILE) == 2
    assert "rollback" in page.text


def test_an_index_of_nothing_is_a_page(tmp_path: Path) -> None:
    page = page_of(write_index(tmp_path, production=None, history=()))
    assert "No run has been reported yet" in page.text
    assert "No model is in production" in page.text


def test_a_damaged_entry_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "run-1.json").write_text("{")
    with pytest.raises(RecordError, match=r"run-1\.json"):
        write_index(tmp_path, production=None, history=())
