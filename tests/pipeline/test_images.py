"""What people see of a run: images in the texts on the forge, and the page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlparse

from pipeline.conftest import promote
from pipeline.small import write_small_pairs
from wms.core.context import Context
from wms.core.errors import RepositoryError
from wms.core.settings import REPORT_CONFIG
from wms.gate.reports import write_report_page


class NoStore:
    """An image store whose remote is away."""

    def store(self, run_id: str, folder: Path) -> dict[str, str]:
        raise RepositoryError("git push failed: the remote is away")


def promoted(ctx: Context, tmp_path: Path) -> str:
    """The text of the pull request of a first promotion."""
    promote(ctx, tmp_path, 75)
    (pull,) = ctx.ports.forge.pull_requests(head_prefix="promote/", state="all")
    return pull.body


def shown(text: str) -> list[Path]:
    """The files that a text shows as images."""
    return [Path(unquote(urlparse(url).path)) for url in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)]


def test_a_promotion_shows_curves_test_images_and_additions(ctx: Context, tmp_path: Path) -> None:
    ctx = replace(ctx, run_url="https://forge/o/n/actions/runs/1")
    text = promoted(ctx, tmp_path)
    names = {path.name for path in shown(text)}
    assert {"learning-curves.png", "test-1.jpg", "added-1.jpg"} <= names
    assert all(path.is_file() for path in shown(text))
    assert "(https://forge/o/n/actions/runs/1)" in text


def test_the_page_shows_the_images_of_the_text(ctx: Context, tmp_path: Path) -> None:
    promoted(ctx, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in ctx.layout.images.iterdir()}
    page = write_report_page(ctx)
    assert page.read_text().count("data:image/jpeg;base64,") >= len(before) - 1
    assert {path.name: path.stat().st_mtime_ns for path in ctx.layout.images.iterdir()} == before


def test_images_that_cannot_be_stored_cost_no_run(ctx: Context, tmp_path: Path) -> None:
    ctx = replace(ctx, ports=replace(ctx.ports, images=NoStore()))  # type: ignore[arg-type]
    text = promoted(ctx, tmp_path)
    assert shown(text) == []
    assert "could not be stored: git push failed: the remote is away" in text


def test_images_that_are_too_many_are_forgotten(ctx: Context, tmp_path: Path) -> None:
    old = "20200101-000000-000000"
    ctx.ports.images.store(old, write_small_pairs(tmp_path / "old", count=1, seed=9) / "images")
    promoted(ctx, tmp_path)
    assert ctx.ports.images.runs() == (ctx.request.run_id,)


def test_photographs_are_nowhere_if_the_settings_keep_them_out(ctx: Context, tmp_path: Path) -> None:
    settings = ctx.layout.root / REPORT_CONFIG
    settings.write_text(
        settings.read_text().replace("pictures_in_reports: true", "pictures_in_reports: false")
    )
    text = promoted(ctx, tmp_path)
    assert [path.name for path in shown(text)] == ["learning-curves.png"]
    page = write_report_page(ctx).read_text()
    assert "data:image" not in page
    assert "<svg" in page
    assert not ctx.layout.images.exists()
