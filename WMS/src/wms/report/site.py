"""A run's records as a static page, and the index of all runs.

Pages need no network and no server: styles are inline, pictures lie beside the page. Everything
that comes from outside is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import jinja2
from pydantic import AwareDatetime

from wms.config import load_data_settings
from wms.domain.errors import RecordError
from wms.domain.evaluation import EvalReport
from wms.domain.promotion import ModelMetadata
from wms.domain.records import Record
from wms.files import read_record, write_bytes, write_record
from wms.layout import Layout
from wms.report import facts, kept
from wms.report.markup import visible
from wms.report.overlays import Overlay, Pair, Predict, choose, write_overlays
from wms.report.plots import write_plots
from wms.report.records import RunRecords

MOST_FINDINGS = 1000
"""Most findings listed on a page; the record holds them all."""


class RunEntry(Record):
    """One line of the index: what `run.json` beside a run's page holds."""

    run_id: str
    started_at: AwareDatetime
    actor: str
    branches: tuple[str, ...]
    added: int
    ending: facts.EndingKind
    headline: str
    detail: str
    dice: float | None = None
    champion_dice: float | None = None


def write_run_report(layout: Layout, *, to: Path, predict: Predict | None) -> Path:
    """Write the page of the run in `layout.run` as `to/<run_id>/index.html`, with `run.json` beside it.

    Args:
        layout: the workspace; overlays read its `run/dataset` and the mask threshold of its settings.
        to: the site's folder.
        predict: the run's model, or `None` to leave overlays out.

    Returns:
        The page's path.

    Raises:
        RecordError: there is no run, or one of its records is unreadable.
        ImageError: a test picture is unreadable.
        StorageError: a file could not be written.
    """
    records = RunRecords.load(layout.run)
    if records.request is None:
        raise RecordError(f"{layout.run} holds no request.json, so there is no run to report on")
    run_id = records.request.run_id
    if not re.fullmatch(r"\w[\w.-]*", run_id, re.ASCII):
        raise RecordError(f"{run_id!r} is no name of a run, so no folder is made for it")
    folder = to / run_id
    findings = facts.all_findings(records)
    pairs = facts.dice_pairs(records)
    added = facts.additions(records)
    page = (
        _environment()
        .get_template("run.html.jinja")
        .render(
            records=records,
            request=records.request,
            ending=facts.ending(records),
            unregistered=kept.unregistered(records),
            comparison=facts.comparison(records.decision) if records.decision else (),
            newcomers=(
                facts.newcomer_rows(records.decision.newcomers)
                if records.decision and records.decision.newcomers
                else ()
            ),
            tally=facts.tally(pairs) if pairs else None,
            plots={plot.name: plot for plot in write_plots(records, folder)},
            overlays=_overlays(records, layout, folder, predict),
            intake=facts.intake(records),
            added=added,
            by_branch=facts.by_branch(added),
            findings=findings[:MOST_FINDINGS],
            findings_left=max(len(findings) - MOST_FINDINGS, 0),
            by_rule=facts.by_rule(findings),
            digests=facts.digests(records),
        )
    )
    write_bytes(folder / "index.html", page.encode())
    write_record(folder / "run.json", _entry(records, added=len(added)))
    return folder / "index.html"


def write_index(to: Path, *, production: ModelMetadata | None, history: Sequence[ModelMetadata]) -> Path:
    """Write `to/index.html`: what is in production, its history, and all runs, newest first.

    Args:
        to: the site's folder; every `<run_id>/run.json` in it is a run.
        production: the model in production, or `None`.
        history: what was in production, newest first.

    Raises:
        RecordError: a `run.json` is unreadable.
        StorageError: the page could not be written.
    """
    runs = [read_record(path, RunEntry) for path in to.glob("*/run.json")]
    runs.sort(key=lambda run: (run.started_at, run.run_id), reverse=True)
    page = (
        _environment()
        .get_template("index.html.jinja")
        .render(runs=runs, production=production, history=history)
    )
    write_bytes(to / "index.html", page.encode())
    return to / "index.html"


def _entry(records: RunRecords, *, added: int) -> RunEntry:
    request, decision, end = records.request, records.decision, facts.ending(records)
    if request is None:
        raise RecordError("a run without a request has no place in the index")
    champion = decision.champion if decision else None
    return RunEntry(
        run_id=request.run_id,
        started_at=request.started_at,
        actor=request.actor,
        branches=tuple(branch.name for branch in request.branches),
        added=added,
        ending=end.kind,
        headline=end.headline,
        detail=end.detail,
        dice=decision.candidate.summary.dice if decision else None,
        champion_dice=champion.summary.dice if champion else None,
    )


def _overlays(
    records: RunRecords, layout: Layout, folder: Path, predict: Predict | None
) -> tuple[Overlay, ...]:
    if predict is None or records.evaluation is None:
        return ()
    chosen = choose(records.evaluation)
    return write_overlays(
        chosen,
        _test_pairs(records, records.evaluation, layout),
        mask_threshold=load_data_settings(layout.root).validation.mask_threshold,
        predict=predict,
        to=folder,
    )


def _test_pairs(records: RunRecords, evaluation: EvalReport, layout: Layout) -> dict[str, Pair]:
    """The files that were scored: main's test split, or for a first model the run's own."""
    for manifest, dataset in ((records.base_manifest, layout.base), (records.manifest, layout.dataset)):
        if manifest is not None and manifest.split_digest("test") == evaluation.samples_sha256:
            return {
                sample.stem: Pair(
                    image=dataset / "images" / sample.image, mask=dataset / "masks" / sample.mask
                )
                for sample in manifest.of_split("test")
            }
    raise RecordError("evaluation.json scores neither main's test pictures nor those of this run")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("wms.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "when": _when,
        "number": facts.number,
        "sentence": lambda text: text[:1].upper() + text[1:],
        "visible": lambda name: visible(name, limit=200),
    }
    return environment


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
