"""Draw the images of a run: test images with the outlines that the models found, and added images.

They are drawn once, into a folder that travels with the run's records. Pull requests, comments and the
run's page all show these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wms.core.errors import RecordError
from wms.core.files import read_record, replacing_folder, write_bytes, write_record
from wms.core.layout import Layout
from wms.core.records.dataset import DatasetManifest, Sample
from wms.core.records.evaluation import EvalReport
from wms.imaging.files import read_pair
from wms.imaging.outlines import box_around, draw_outlines, side_by_side
from wms.report.gallery import Kind, RunImages, ShownImage
from wms.report.records import RunRecords

T = TypeVar("T")

Predict = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
"""A model: uint8 HxWx3 RGB in, bool HxW of the same height and width out."""

PER_KIND = 4
"""Test images of each kind; three kinds are shown."""

MOST_ADDED = 12
"""Added images that are shown, evenly spread over all of them."""

SIDE_PX = 400
"""Longer side of one model's view of a test image."""

THUMBNAIL_PX = 320
"""Longer side of an added image."""

OVERLAY_BYTES, THUMBNAIL_BYTES = 90_000, 30_000
"""Most bytes of one file: 12 overlays and 12 thumbnails are then below 1.5 MB."""

QUALITIES = (85, 70, 50, 30, 10)
"""JPEG qualities that are tried in turn until an image fits."""

FILE = "pictures.json"


class Chosen(NamedTuple):
    """A test image that is shown, and why."""

    kind: Kind
    stem: str
    dice: float
    champion_dice: float | None


def choose(candidate: EvalReport, champion: EvalReport | None) -> tuple[Chosen, ...]:
    """The candidate's worst images, and those on which it differs most from the champion.

    Without a champion: the worst, the middle and the best, none twice. With one an image can be both
    the worst and the most worsened. Ties are broken by stem, so that equal reports choose the same.
    """
    before = {score.stem: score.dice for score in champion.scores} if champion else {}
    scored = sorted((score.dice, score.stem) for score in candidate.scores)
    groups: dict[Kind, Sequence[tuple[float, str]]] = {"worst": scored[:PER_KIND]}
    if champion is not None:
        changed = sorted((dice - before[stem], stem) for dice, stem in scored)
        now = {stem: dice for dice, stem in scored}
        worsened = [stem for change, stem in changed[:PER_KIND] if change < 0]
        improved = [stem for change, stem in changed[: -PER_KIND - 1 : -1] if change > 0]
        groups["improved"] = [(now[stem], stem) for stem in improved]
        groups["worsened"] = [(now[stem], stem) for stem in worsened]
    else:
        rest = scored[PER_KIND:]
        best = rest[max(len(rest) - PER_KIND, 0) :]
        between = rest[: len(rest) - len(best)]
        start = max(len(scored) // 2 - PER_KIND - PER_KIND // 2, 0)
        groups |= {"median": between[start : start + PER_KIND], "best": best}
    return tuple(
        Chosen(kind, stem, dice, before.get(stem)) for kind, scores in groups.items() for dice, stem in scores
    )


def evenly(items: Sequence[T], most: int) -> tuple[T, ...]:
    """At most `most` of the items, evenly spread, in their order."""
    count = min(len(items), most)
    return tuple(items[index * len(items) // count] for index in range(count))


def draw_images(
    records: RunRecords,
    layout: Layout,
    *,
    mask_threshold: int,
    candidate: Predict,
    champion: Predict | None,
    to: Path,
) -> RunImages:
    """Draw all images of an evaluated run into the folder `to`, which is replaced.

    Args:
        records: the run's; its evaluation must be among them.
        layout: where the run's dataset and that of main lie.
        mask_threshold: grey level 0..255 above which a mask pixel is window.
        candidate: the model that the run trained.
        champion: the model in production, if there is one.
        to: the folder.

    Raises:
        ImageError: an image or a mask is unreadable.
        RecordError: the run was not evaluated, or on other images than its records name.
        StorageError: a file could not be written.
    """
    evaluation = records.evaluation
    if evaluation is None:
        raise RecordError("the run was not evaluated, so it has no images to show")
    manifest, dataset = _tested(records, evaluation, layout)
    samples = {sample.stem: sample for sample in manifest.of_split("test")}
    shown: list[ShownImage] = []
    drawn: dict[str, ShownImage] = {}
    with replacing_folder(to) as folder:

        def save(name: str, image: Image.Image, most_bytes: int, kind: Kind, stem: str) -> ShownImage:
            write_bytes(folder / name, jpeg(image, most_bytes=most_bytes))
            return ShownImage(file=name, width_px=image.width, height_px=image.height, kind=kind, stem=stem)

        for kind, stem, dice, champion_dice in choose(evaluation, records.evaluation_champion):
            if stem not in drawn:
                image, truth = read_pair(samples[stem], dataset, threshold=mask_threshold)
                masks = [predict(image) for predict in (champion, candidate) if predict is not None]
                box = box_around([truth, *masks])
                views = [
                    draw_outlines(image, truth=truth, predicted=mask, side_px=SIDE_PX, box=box)
                    for mask in masks
                ]
                name = f"test-{len(drawn) + 1}.jpg"
                drawn[stem] = save(name, side_by_side(views), OVERLAY_BYTES, kind, stem)
            scores = {"kind": kind, "dice": dice, "champion_dice": champion_dice}
            shown.append(drawn[stem].model_copy(update=scores))
        for number, sample in enumerate(evenly(_added(records), MOST_ADDED), start=1):
            image, truth = read_pair(sample, layout.dataset, threshold=mask_threshold)
            thumbnail = draw_outlines(image, truth=truth, predicted=None, side_px=THUMBNAIL_PX)
            shown.append(save(f"added-{number}.jpg", thumbnail, THUMBNAIL_BYTES, "added", sample.stem))
        found = RunImages(evaluation_sha256=evaluation.digest, pictures=tuple(shown))
        write_record(folder / FILE, found)
    return found


def read_images(folder: Path, evaluation: EvalReport) -> RunImages | None:
    """The images in a folder, if they are of this evaluation.

    Raises:
        RecordError: their record is unreadable.
    """
    if not (folder / FILE).is_file():
        return None
    found = read_record(folder / FILE, RunImages)
    return found if found.evaluation_sha256 == evaluation.digest else None


def jpeg(image: Image.Image, *, most_bytes: int) -> bytes:
    """An image as JPEG, of the best quality in `QUALITIES` at which it fits, or of the last."""
    data = b""
    for quality in QUALITIES:
        buffer = BytesIO()
        image.save(buffer, format="JPEG", quality=quality, optimize=True)
        data = buffer.getvalue()
        if len(data) <= most_bytes:
            break
    return data


def _added(records: RunRecords) -> list[Sample]:
    if records.split is None or records.manifest is None:
        return []
    stems = {item.stem for item in records.split.assigned}
    return [sample for sample in records.manifest.samples if sample.stem in stems]


def _tested(records: RunRecords, evaluation: EvalReport, layout: Layout) -> tuple[DatasetManifest, Path]:
    """The dataset whose test split was scored: that of main, or for a first model the run's own."""
    for manifest, dataset in ((records.base_manifest, layout.base), (records.manifest, layout.dataset)):
        if manifest is not None and manifest.split_digest("test") == evaluation.samples_sha256:
            return manifest, dataset
    raise RecordError("evaluation.json scores neither main's test images nor those of this run")
