"""`wms drift …`: whether the service's photographs still look like those that its model was judged on."""

from __future__ import annotations

import os
from datetime import UTC, timedelta
from pathlib import Path

import click

from wms.cli import options, output
from wms.cli.common import chosen_model, workspace
from wms.cli.groups import Group
from wms.core.context import Context
from wms.core.errors import Code, DataStoreError, InputError
from wms.core.files import read_record
from wms.core.records.drift import DriftReference, ServiceCounts, together
from wms.core.records.promotion import ModelMetadata
from wms.core.records.release import release_tag
from wms.core.settings import DriftSettings, load_drift_settings
from wms.gate.reference import stored_reference
from wms.promotion.pull import ReleaseFiles
from wms.report.drift import DriftView, drift_body, drift_lines, write_drift_page
from wms.serving.counts import COUNTS_FILE
from wms.serving.drift import compare
from wms.wiring import service_counts
from wms.wiring.hosting import releases_of

LABEL = "drift"
"""Of the one open issue that shows the last alarm."""

drift = Group("drift", help="See whether the service's photographs drift away from the model's.")


@drift.command()
@click.option(
    "--service",
    "services",
    multiple=True,
    metavar="URL",
    envvar="WMS_SERVICE_URL",
    help="Ask this service (may be repeated); default: the counts in this workspace.",
)
@click.option(
    "--since",
    type=click.IntRange(min=1),
    default=7,
    show_default=True,
    metavar="DAYS",
    help="How many days count, today included.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["store", "release"]),
    help="Where the reference is; default: the data store, and the release if that fails.",
)
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Also write it as one page.")
@click.option("--summary", is_flag=True, help="Print it as Markdown instead.")
@click.option("--issue", is_flag=True, help="On drift, open an issue, or update the open one.")
@click.option("--fail-on-drift", is_flag=True, help="On drift, end with exit code 78.")
@options.json
def report(
    services: tuple[str, ...],
    since: int,
    source: str | None,
    html: Path | None,
    summary: bool,
    issue: bool,
    fail_on_drift: bool,
) -> None:
    """Compare what the service counted with the reference of the model in production.

    It names the measures that moved, shows their histograms, and gives the command that trains again. With
    too few images, or a model without a reference, it says so and alarms nobody. An API key is read from
    WMS_SERVICE_KEY.

    \b
    Examples:
      wms drift report
      wms drift report --service https://meters.example --since 28 --fail-on-drift
      wms drift report --summary >> "$GITHUB_STEP_SUMMARY"
    """
    ctx = workspace()
    settings, model = load_drift_settings(ctx.layout.root), chosen_model(ctx, None)
    found = compare(
        model,
        _reference(ctx, model, source),
        _counts(ctx, services, settings),
        since=(ctx.clock().astimezone(UTC) - timedelta(days=since - 1)).date(),
        settings=settings,
    )
    if html is not None:
        write_drift_page(found, html)
    output.answer(found, *([drift_body(found)] if summary else drift_lines(found)))
    if found.verdict != "moved":
        return
    headline = DriftView(found).headline
    if issue:
        number = ctx.ports.forge.raise_issue(label=LABEL, title=headline, body=drift_body(found))
        output.note(f"issue #{number}: {headline}")
    if fail_on_drift:
        raise InputError(headline, Code.DRIFT)


def _reference(ctx: Context, model: ModelMetadata, source: str | None) -> DriftReference | None:
    if source != "release":
        try:
            return stored_reference(model, ctx.ports.data_store)
        except DataStoreError as error:
            if source == "store":
                raise
            output.note(f"{error}; taking it from its release")
    return ReleaseFiles(releases_of(ctx.layout), release_tag(model.version)).reference(model)


def _counts(ctx: Context, services: tuple[str, ...], settings: DriftSettings) -> ServiceCounts:
    if services:
        return together(service_counts(url, os.environ.get("WMS_SERVICE_KEY")) for url in services)
    file = ctx.layout.root / settings.folder / COUNTS_FILE
    if not file.is_file():
        raise InputError(
            f"no service has counted anything here: {file} is not there",
            Code.NOTHING_TO_DO,
            remedy="Start one with `wms serve`, or name a running one with --service URL.",
        )
    return read_record(file, ServiceCounts)
