"""Supervisely: `meta.json`, and per dataset `ann/PHOTO.json` beside `img/PHOTO`.

Source: https://docs.supervisely.com, *Supervisely annotation format, objects*.
"""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from wms.imaging.files import MAX_PIXELS, UNREADABLE
from wms.interchange.regions import Bitmap, Drawing, FormError, Mask, Outline, Region, box, corners, gathered
from wms.interchange.source import Source


def find(source: Source) -> list[Path]:
    """The annotation files of this form."""
    return source.documents_like(
        lambda content: (
            isinstance(content, dict)
            and isinstance(content.get("objects"), list)
            and isinstance(content.get("size"), dict)
        )
    )


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """The drawing of one photograph."""
    content = source.documents[path]
    regions, notes = gathered(_regions, content["objects"])
    yield Drawing(
        name=f"img/{path.stem}",  # the file is named after the photograph, suffix included
        told_in=path,
        regions=regions,
        size=(int(content["size"]["width"]), int(content["size"]["height"])),
        notes=notes,
    )


def _regions(told: dict[str, Any]) -> list[Region]:
    return [Region(label=str(told["classTitle"]), shape=_shape(told))]


def _shape(told: dict[str, Any]) -> Outline | Bitmap:
    kind = told.get("geometryType") or ("bitmap" if told.get("bitmap") else "polygon")
    if kind == "bitmap":
        left, top = (int(value) for value in told["bitmap"]["origin"])
        return Bitmap(load=partial(_decode, told["bitmap"]["data"]), left=left, top=top)
    if kind not in ("polygon", "rectangle"):
        raise FormError(f"a {kind} is no region")
    outer, holes = told["points"]["exterior"], told["points"].get("interior") or ()
    if kind == "rectangle":
        (x0, y0), (x1, y1) = outer
        return Outline(rings=(box(x0, y0, x1, y1),), rule="even-odd")
    return Outline(rings=(corners(outer), *map(corners, holes)), rule="even-odd")


def _decode(text: str) -> Mask:
    """Base64 of a compressed PNG; its alpha is the mask, or else its white."""
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(text), 4 * MAX_PIXELS)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            grey = (
                image.convert("RGBA").getchannel("A") if image.has_transparency_data else image.convert("L")
            )
            return np.asarray(grey) > 0
    except (*UNREADABLE, binascii.Error) as error:
        raise FormError("a bitmap that cannot be decoded") from error
