"""Test pictures with the predicted and the true outline drawn on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wms.domain.evaluation import EvalReport, SampleScore
from wms.files import replacing
from wms.ml.images import read_mask, read_picture

Predict = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
"""A model: uint8 HxWx3 RGB in, bool HxW of the same height and width out."""

Kind = Literal["worst", "median", "best"]

COUNTS: dict[Kind, int] = {"worst": 6, "median": 3, "best": 3}

TRUTH = (230, 159, 0)
PREDICTION = (86, 180, 233)
"""Orange and sky blue of Okabe and Ito (2008): apart for every kind of colour blindness."""

SIDE_PX = 640
"""Longest side of a written overlay."""

MARGIN = 0.4
"""Room around both outlines, as a share of their extent: enough to see where on the meter they lie."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A test picture that is shown, and why."""

    kind: Kind
    score: SampleScore


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """A written overlay: its file's name, size in pixels, and the picture that it shows."""

    file: str
    width_px: int
    height_px: int
    kind: Kind
    stem: str
    dice: float


def choose(report: EvalReport) -> tuple[Chosen, ...]:
    """The worst, the middle and the best pictures by Dice, worst first; none twice.

    Ties are broken by stem, so that equal reports choose the same pictures.
    """
    ranked = sorted(report.scores, key=lambda score: (score.dice, score.stem))
    worst = ranked[: COUNTS["worst"]]
    rest = ranked[len(worst) :]
    best = rest[max(len(rest) - COUNTS["best"], 0) :]
    between = rest[: len(rest) - len(best)]
    start = max(len(ranked) // 2 - len(worst) - COUNTS["median"] // 2, 0)
    median = between[start : start + COUNTS["median"]]
    groups: dict[Kind, list[SampleScore]] = {"worst": worst, "median": median, "best": best}
    return tuple(Chosen(kind=kind, score=score) for kind, scores in groups.items() for score in scores)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Where a test picture and its mask lie."""

    image: Path
    mask: Path


def write_overlays(
    chosen: Sequence[Chosen], pairs: dict[str, Pair], *, mask_threshold: int, predict: Predict, to: Path
) -> tuple[Overlay, ...]:
    """Predict the chosen pictures and write one JPEG each into the folder `to`.

    File names are numbers, never stems: those come from outside.

    Args:
        chosen: what to show.
        pairs: the files of each stem in `chosen`.
        mask_threshold: grey level 0..255 above which a mask's pixel is window.
        predict: the model whose scores `chosen` holds.
        to: an existing or new folder.

    Raises:
        ImageError: a picture or a mask is unreadable.
        StorageError: an overlay could not be written.
    """
    overlays = []
    for number, item in enumerate(chosen, start=1):
        pair = pairs[item.score.stem]
        picture = read_picture(pair.image)
        image = draw_outlines(
            picture, truth=read_mask(pair.mask, threshold=mask_threshold), predicted=predict(picture)
        )
        name = f"{item.kind}-{number}.jpg"
        with replacing(to / name) as temporary:
            image.save(temporary, format="JPEG", quality=85)
        overlays.append(
            Overlay(
                file=name,
                width_px=image.width,
                height_px=image.height,
                kind=item.kind,
                stem=item.score.stem,
                dice=item.score.dice,
            )
        )
    return tuple(overlays)


def draw_outlines(
    picture: NDArray[np.uint8], *, truth: NDArray[np.bool_], predicted: NDArray[np.bool_]
) -> Image.Image:
    """The part of a picture around both masks, at most `SIDE_PX` on a side, with their outlines.

    Args:
        picture: uint8, HxWx3, RGB.
        truth: bool, HxW.
        predicted: bool, HxW.

    Raises:
        ValueError: the three differ in height or width.
    """
    if not picture.shape[:2] == truth.shape == predicted.shape:
        raise ValueError(f"shapes differ: {picture.shape[:2]}, {truth.shape}, {predicted.shape}")
    box = _box_around(truth | predicted)
    part = Image.fromarray(picture).crop(box)
    scale = SIDE_PX / max(part.size)
    size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
    canvas = part.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    pixels = np.array(canvas)
    # Truth is the wider line below, so that both show where they agree; black sets them off any picture.
    for mask, colour, radius_px in ((truth, TRUTH, 3), (predicted, PREDICTION, 1)):
        scaled = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).crop(box).resize(size)) > 127
        pixels[_outline(scaled, radius_px + 1)] = 0
        pixels[_outline(scaled, radius_px)] = colour
    return Image.fromarray(pixels)


def _box_around(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the mask with its margin; the whole picture for an empty mask."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return 0, 0, width, height
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    margin = round(MARGIN * max(bottom - top, right - left)) + 1
    return (
        max(left - margin, 0),
        max(top - margin, 0),
        min(right + margin, width),
        min(bottom + margin, height),
    )


def _outline(mask: NDArray[np.bool_], radius_px: int) -> NDArray[np.bool_]:
    """Where a line along the edge of a mask lies that reaches `radius_px` to either side; bool, HxW."""
    return _grown(mask, radius_px) & _grown(~mask, radius_px)


def _grown(mask: NDArray[np.bool_], radius_px: int) -> NDArray[np.bool_]:
    for axis in (0, 1):
        margin = [(radius_px, radius_px) if axis == side else (0, 0) for side in (0, 1)]
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(mask, margin), 2 * radius_px + 1, axis=axis)
        mask = np.asarray(windows.any(axis=-1))
    return mask
