"""Write a run's page and the index of all runs."""

from __future__ import annotations

from pathlib import Path

from wms.domain.training import CARD_FILE
from wms.ml.predict import load_bundle
from wms.pipeline.context import Context
from wms.report.site import write_index, write_run_report
from wms.steps.production import main_head, metadata_at
from wms.steps.rollback import model_history


def write_reports(ctx: Context) -> Path:
    """Write the current run's page and the index; return the run's page."""
    layout = ctx.layout
    bundle = layout.bundle if (layout.bundle / CARD_FILE).is_file() else None
    page = write_run_report(layout, to=layout.reports, predict=load_bundle(bundle).mask if bundle else None)
    write_reports_index(ctx)
    return page


def write_reports_index(ctx: Context) -> Path:
    """Write the index of all runs, with what is in production and its history."""
    repository = ctx.ports.repository
    main_sha = main_head(repository)
    return write_index(
        ctx.layout.reports,
        production=metadata_at(repository, main_sha),
        history=model_history(repository, main_sha),
    )
