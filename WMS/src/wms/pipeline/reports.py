"""Write a run's page and the index of all runs."""

from __future__ import annotations

from pathlib import Path

from wms.domain.training import CARD_FILE
from wms.ml.predict import load_bundle
from wms.pipeline.context import Context
from wms.pipeline.stages.data import require_dataset
from wms.report.site import write_index, write_run_report
from wms.steps.production import main_head, metadata_at
from wms.steps.rollback import model_history


def write_reports(ctx: Context) -> Path:
    """Write the current run's page and the index; return the run's page.

    Raises:
        DataStoreError: the run was evaluated on another machine, and its pictures cannot be fetched.
    """
    layout = ctx.layout
    predict = None
    if (layout.bundle / CARD_FILE).is_file() and layout.record("evaluation").is_file():
        require_dataset(ctx)
        predict = load_bundle(layout.bundle).mask
    page = write_run_report(layout, to=layout.reports, predict=predict)
    write_reports_index(ctx)
    return page


def write_report_page(ctx: Context) -> Path:
    """Write the current run's report as one file; return it."""
    return write_reports(ctx)


def write_reports_index(ctx: Context) -> Path:
    """Write the index of all runs, with what is in production and its history."""
    repository = ctx.ports.repository
    main_sha = main_head(repository)
    return write_index(
        ctx.layout.reports,
        production=metadata_at(repository, main_sha),
        history=model_history(repository, main_sha),
    )
