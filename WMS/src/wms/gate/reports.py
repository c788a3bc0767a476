"""Write a run's page and the index of all runs."""

from __future__ import annotations

from pathlib import Path

from wms.core.context import Context
from wms.core.errors import WmsError
from wms.core.production import main_head, metadata_at, model_history
from wms.gate.images import run_images
from wms.report.page import write_index, write_run_page


def write_reports(ctx: Context) -> Path:
    """Write the current run's page and the index; return the run's page."""
    page = write_report_page(ctx)
    write_reports_index(ctx)
    return page


def write_report_page(ctx: Context) -> Path:
    """Write the current run's page, one file that needs no other: `.wms/reports/<run_id>.html`.

    The page of a run that was evaluated on another machine may have no images.
    """
    layout = ctx.layout
    try:
        images = run_images(ctx)
    except WmsError as error:
        ctx.progress.say(f"the report has no images: {error}")
        images = None
    return write_run_page(layout, to=layout.reports, images=images, run_url=ctx.run_url)


def write_reports_index(ctx: Context) -> Path:
    """Write the index of all runs, with what is in production and its history."""
    repository = ctx.ports.repository
    main_sha = main_head(repository)
    return write_index(
        ctx.layout.reports,
        production=metadata_at(repository, main_sha),
        history=model_history(repository, main_sha),
    )
