"""What people see of a run: pictures in the texts on the forge, and the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from pipeline.small import write_small_pairs
from wms.core.context import Context
from wms.core.errors import RepositoryError
from wms.core.records.run import RunOptions
from wms.core.settings import REPORT_CONFIG
from wms.gate.reports import write_report_page
from wms.run.runner import run_pipeline

Open = Callable[[], Context]


class NoStore:
    """A picture store whose remote is away."""

    def store(self, run_id: str, folder: Path) -> dict[str, str]:
        raise RepositoryError("git push failed: the remote is away")


def promoted(ctx: Context, tmp_path: Path) -> str:
    """The text of the pull request of a first promotion."""
    folder = write_small_pairs(tmp_path / "one", count=24, seed=1)
    state = run_pipeline(ctx, incoming=folder, options=RunOptions(train_overrides={"seed": 75}))
    assert state.outcome == "promoted"
    (pull,) = ctx.ports.forge.pull_requests(head_prefix="promote/", state="all")
    return pull.body


def shown(text: str) -> list[Path]:
    """The files that a text shows as pictures."""
    return [Path(unquote(urlparse(url).path)) for url in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)]


def test_a_promotion_shows_curves_test_pictures_and_additions(small_workspace: Open, tmp_path: Path) -> None:
    ctx = replace(small_workspace(), run_url="https://forge/o/n/actions/runs/1")
    text = promoted(ctx, tmp_path)
    names = {path.name for path in shown(text)}
    assert {"learning-curves.png", "test-1.jpg", "added-1.jpg"} <= names
    assert all(path.is_file() for path in shown(text))
    assert "(https://forge/o/n/actions/runs/1)" in text


def test_the_page_shows_the_pictures_of_the_text(small_workspace: Open, tmp_path: Path) -> None:
    ctx = small_workspace()
    promoted(ctx, tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in ctx.layout.pictures.iterdir()}
    page = write_report_page(ctx)
    assert page.read_text().count("data:image/jpeg;base64,") >= len(before) - 1
    assert {path.name: path.stat().st_mtime_ns for path in ctx.layout.pictures.iterdir()} == before


def test_pictures_that_cannot_be_stored_cost_no_run(small_workspace: Open, tmp_path: Path) -> None:
    ctx = small_workspace()
    ctx = replace(ctx, ports=replace(ctx.ports, pictures=NoStore()))  # type: ignore[arg-type]
    text = promoted(ctx, tmp_path)
    assert shown(text) == []
    assert "could not be stored: git push failed: the remote is away" in text


def test_pictures_that_are_too_many_are_forgotten(small_workspace: Open, tmp_path: Path) -> None:
    ctx = small_workspace()
    old = "20200101-000000-000000"
    ctx.ports.pictures.store(old, write_small_pairs(tmp_path / "old", count=1, seed=9) / "images")
    promoted(ctx, tmp_path)
    assert ctx.ports.pictures.runs() == (ctx.request.run_id,)


@pytest.fixture
def private_workspace(small_workspace: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Context:
    """A workspace whose settings keep photographs out of reports."""
    ctx = small_workspace()
    path = ctx.layout.root / REPORT_CONFIG
    path.write_text(path.read_text().replace("pictures_in_reports: true", "pictures_in_reports: false"))
    return ctx


def test_photographs_are_nowhere_if_the_settings_keep_them_out(
    private_workspace: Context, tmp_path: Path
) -> None:
    text = promoted(private_workspace, tmp_path)
    assert [path.name for path in shown(text)] == ["learning-curves.png"]
    page = write_report_page(private_workspace).read_text()
    assert "data:image" not in page
    assert "<svg" in page
    assert not private_workspace.layout.pictures.exists()
