"""A run's records as one page, and the index of all runs.

A page is one file that needs no network and no server: styles, plots and images are in it. Everything
that comes from outside is escaped, and the page's own policy forbids scripts and requests.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup, escape
from pydantic import AwareDatetime

from wms.core.errors import RecordError, StorageError
from wms.core.files import read_record, write_bytes, write_record
from wms.core.layout import Layout
from wms.core.records.base import Record
from wms.core.records.metrics import GATED, headline
from wms.core.records.promotion import ModelMetadata
from wms.core.records.run import RunRequest
from wms.core.words import counted
from wms.report.gallery import TITLES, RunImages
from wms.report.markup import visible
from wms.report.plots import Plot, plots_of
from wms.report.records import RunRecords
from wms.report.render import sentence
from wms.report.view import EndingKind, RunView

MOST_FINDINGS = 1000
"""Most findings listed on a page; the record holds them all."""


class RunEntry(Record):
    """One line of the index: what `<run_id>.json` beside a run's page holds."""

    run_id: str
    started_at: AwareDatetime
    actor: str
    branches: tuple[str, ...]
    added: int
    ending: EndingKind
    headline: str
    detail: str
    dice: float | None = None
    champion_dice: float | None = None


def write_run_page(layout: Layout, *, to: Path, images: RunImages | None, run_url: str = "") -> Path:
    """Write the page of the run in `layout.run` as `to/<run_id>.html`, and its entry as `to/<run_id>.json`.

    Args:
        layout: the workspace.
        to: the folder of all pages.
        images: those in `layout.images`, or `None` for a page without photographs.
        run_url: the page of the workflow's run; empty where no workflow runs this.

    Returns:
        The page's path.

    Raises:
        RecordError: there is no run, or one of its records is unreadable.
        StorageError: an image is gone, or a file could not be written.
    """
    records = RunRecords.load(layout.run)
    if records.request is None:
        raise RecordError(f"{layout.run} holds no request.json, so there is no run to report on")
    run_id = records.request.run_id
    if not re.fullmatch(r"\w[\w.-]*", run_id, re.ASCII):
        raise RecordError(f"{run_id!r} is not the name of a run, so no page is made for it")
    run = RunView(records)
    template = page_environment().get_template("run.html.jinja")
    page = template.render(
        run=run,
        records=records,
        request=records.request,
        ending=run.ending,
        plots={plot.name: plot for plot in plots_of(run)},
        groups=dict(images.groups()) if images else {},
        titles=TITLES,
        source=lambda image: _data_uri(layout.images / image.file),
        run_url=run_url,
        findings=[
            (item.file, item.severity, item.message, item.remedy) for item in run.findings[:MOST_FINDINGS]
        ],
        findings_left=max(len(run.findings) - MOST_FINDINGS, 0),
    )
    write_bytes(to / f"{run_id}.html", page.encode())
    write_record(to / f"{run_id}.json", _entry(run, records.request))
    return to / f"{run_id}.html"


def write_index(to: Path, *, production: ModelMetadata | None, history: Sequence[ModelMetadata]) -> Path:
    """Write `to/index.html`: what is in production, its history, and all runs, newest first.

    Args:
        to: the folder of all pages; every `<run_id>.json` in it is a run.
        production: the model in production, or `None`.
        history: what was in production, newest first.

    Raises:
        RecordError: an entry is unreadable.
        StorageError: the page could not be written.
    """
    runs = [read_record(path, RunEntry) for path in to.glob("*.json")]
    runs.sort(key=lambda run: (run.started_at, run.run_id), reverse=True)
    page = (
        page_environment()
        .get_template("index.html.jinja")
        .render(runs=runs, production=production, history=history, gated=GATED)
    )
    write_bytes(to / "index.html", page.encode())
    return to / "index.html"


def _entry(run: RunView, request: RunRequest) -> RunEntry:
    decision = run.records.decision
    champion = decision.champion if decision else None
    return RunEntry(
        run_id=request.run_id,
        started_at=request.started_at,
        actor=request.actor,
        branches=tuple(branch.name for branch in request.branches),
        added=len(run.added),
        ending=run.ending.kind,
        headline=run.ending.headline,
        detail=run.ending.detail,
        dice=decision.candidate.summary.dice if decision else None,
        champion_dice=champion.summary.dice if champion else None,
    )


def _data_uri(jpeg: Path) -> str:
    try:
        return "data:image/jpeg;base64," + base64.b64encode(jpeg.read_bytes()).decode()
    except OSError as error:
        raise StorageError(f"{jpeg} cannot be read: {error.strerror}") from error


def _svg(plot: Plot) -> Markup:
    """A plot as part of the page, with its words for those who do not see it."""
    element = plot.svg().replace("<svg ", f'<svg role="img" aria-label="{escape(plot.alt)}" ', 1)
    return Markup(element)  # noqa: S704 - drawn here; matplotlib escapes its labels


@cache
def page_environment() -> jinja2.Environment:
    """The environment of the templates of pages, which escape what they show."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("wms.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "when": _when,
        "headline": headline,
        "counted": counted,
        "sentence": sentence,
        "svg": _svg,
        "visible": lambda name: visible(name, limit=200),
    }
    return environment


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
