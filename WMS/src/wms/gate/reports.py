"""What people see of the run in `run/`: its images, drawn once, its page, and the index of all runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import WmsError
from wms.core.files import link_or_copy, write_bytes
from wms.core.production import champion_bundle, main_head, metadata_at, model_history
from wms.core.records.run import outdated
from wms.data.assemble import require_dataset
from wms.model.bundle import load_bundle
from wms.report.gallery import Gallery, RunImages, curves_file
from wms.report.images import draw_images, read_images
from wms.report.page import write_index, write_run_page
from wms.report.plots import learning_curves
from wms.report.records import RunRecords


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


def run_images(ctx: Context) -> RunImages | None:
    """The run's images, drawn unless they are in `run/pictures` already; ONNX Runtime runs the models.

    `None` where `report.yaml` keeps photographs out of reports, or where nothing was evaluated.

    Raises:
        DataStoreError: the run's samples or the model in production cannot be fetched.
        ImageError: one of them is unreadable.
    """
    layout = ctx.layout
    records = RunRecords.load(layout.run)
    if records.evaluation is None or not ctx.report_settings.pictures_in_reports:
        return None
    if found := read_images(layout.images, records.evaluation):
        return found
    require_dataset(ctx)
    champion = champion_bundle(ctx) if records.evaluation_champion else None
    return draw_images(
        records,
        layout,
        mask_threshold=ctx.data_settings.validation.mask_threshold,
        candidate=load_bundle(layout.bundle).mask,
        champion=load_bundle(champion).mask if champion else None,
        to=layout.images,
    )


def stored_gallery(ctx: Context) -> Gallery:
    """The images and learning curves of the run, stored for a text on GitHub.

    A verdict does not fail because of its images: if they cannot be drawn or stored, the answer says why.
    """
    try:
        images, train = run_images(ctx), RunRecords.load(ctx.layout.run).train
        curves = learning_curves(train.epochs, train.best_epoch) if train else None
        with tempfile.TemporaryDirectory(prefix="wms-report-") as name:
            folder = Path(name)
            for file in sorted({image.file for image in images.pictures} if images else ()):
                link_or_copy(ctx.layout.images / file, folder / file)
            if curves is not None:
                write_bytes(folder / curves_file(curves), curves.png())
            if not any(folder.iterdir()):
                return Gallery()
            urls = ctx.ports.images.store(ctx.request.run_id, folder)
    except (WmsError, OSError) as error:
        ctx.progress.say(f"the images of this run could not be stored: {error}")
        return Gallery(missing=str(error))
    _forget_old(ctx)
    return Gallery(urls=urls, curves=curves, images=images)


def _forget_old(ctx: Context) -> None:
    settings, store = ctx.report_settings, ctx.ports.images
    try:
        store.remove(
            outdated(store.runs(), now=ctx.clock(), keep=settings.keep_reports, days=settings.keep_days)
        )
    except WmsError as error:
        ctx.progress.say(f"old images of reports were not removed: {error}")
