"""One photograph and its drawings become one pair of files."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from wms.core.errors import ImageError
from wms.imaging.files import upright
from wms.interchange.photographs import Photograph, prepare, turned_size
from wms.interchange.regions import NOT_AS_WRITTEN, Drawing, FormError, Mask, Size
from wms.interchange.result import Item, left_out

MaskOrientation = Literal["applied", "ignored"]


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a person can choose where the source leaves it open; see the options of `wms data import`."""

    form: str | None = None
    label: str | None = None
    inverted: bool = False
    mask_orientation: MaskOrientation | None = None
    keep_gps: bool = False


@dataclass(frozen=True, kw_only=True)
class Job:
    """One photograph, whose bytes are loaded, and all drawings of it.

    `shown` names the photograph in messages, `pair` is the stem of both files.
    """

    shown: str
    pair: str
    load: Callable[[], bytes]
    drawings: tuple[Drawing, ...]


def make_pair(job: Job, *, label: str, choices: Choices, out: Path | None) -> Item:
    """Make one pair, and write it."""
    try:
        photograph = prepare(job.load(), name="it", keep_gps=choices.keep_gps)
        mask, notes = _joined(job.drawings, photograph, label=label, choices=choices)
    except (FormError, ImageError, OSError) as error:
        return left_out(job.shown, str(error), fault=True)
    except NOT_AS_WRITTEN as error:
        why = f"its mask is not as the tool writes it: {type(error).__name__}: {error}"
        return left_out(job.shown, why, fault=True)
    if not mask.any():
        return left_out(job.shown, "its window covers no pixel of the photograph", fault=True)
    if out is not None:
        (out / "images" / f"{job.pair}{photograph.suffix}").write_bytes(photograph.data)
        stored = io.BytesIO()
        Image.fromarray(mask.astype(np.uint8) * 255).save(stored, format="PNG")
        (out / "masks" / f"{job.pair}.png").write_bytes(stored.getvalue())
    notes = tuple(dict.fromkeys((*photograph.notes, *notes)))
    return Item(name=job.shown, outcome="imported", pair=job.pair, notes=notes)


def _joined(
    drawings: Sequence[Drawing], photograph: Photograph, *, label: str, choices: Choices
) -> tuple[Mask, tuple[str, ...]]:
    """All regions of the label as one mask, bool, HxW of the upright photograph; and what was unusual."""
    width, height = photograph.upright_size
    joined = np.zeros((height, width), dtype=np.bool_)
    notes: list[str] = []
    for drawing in drawings:
        turn, note = _turn(drawing, photograph, choices.mask_orientation)
        notes += [*drawing.notes, *note]
        size = drawing.size or photograph.upright_size
        for region in drawing.regions:
            if region.label == label:
                mask, unusual = region.shape.paint(size)
                joined |= np.asarray(upright(Image.fromarray(mask), turn))
                notes += unusual
    return joined, tuple(notes)


def _turn(
    drawing: Drawing, photograph: Photograph, chosen: MaskOrientation | None
) -> tuple[int, tuple[str, ...]]:
    """The EXIF orientation by which a drawing must be turned to fit the upright photograph, and why.

    Tools show the upright photograph, so a drawing of its size needs no turn. A drawing of the size before
    rotation was made on the raw pixels. Where both are possible, the drawing is upright.

    Raises:
        FormError: it fits neither, or a mask's own orientation leaves both open.
    """
    size = drawing.size
    if size is None:
        return 1, ()
    upright_size = photograph.upright_size
    if drawing.turn != 1 and turned_size(size, drawing.turn) == upright_size:
        if size == upright_size and chosen is None:
            raise FormError(
                f"its mask has the EXIF orientation {drawing.turn} and fits with it and without it; "
                "say which with --mask-orientation"
            )
        if size != upright_size or chosen == "applied":
            return drawing.turn, ("the mask's own EXIF orientation was applied",)
    if size == upright_size:
        return 1, ()
    if size == photograph.size and photograph.turn != 1:
        return photograph.turn, ("drawn on the photograph before its EXIF rotation; turned",)
    raise FormError(f"it was labelled at {_by(size)}, the photograph is {_by(upright_size)}")


def _by(size: Size) -> str:
    return f"{size[0]}x{size[1]}"
