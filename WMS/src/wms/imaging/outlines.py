"""An image with the outlines of masks drawn on it: how every report shows what a model found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation, generate_binary_structure

TRUTH = (230, 159, 0)
PREDICTION = (86, 180, 233)
"""Orange and sky blue of Okabe and Ito (2008): apart for every kind of colour blindness."""

MARGIN = 0.4
"""Room around the outlines, as a share of their extent: enough to see where on the meter they lie."""

GAP_PX = 8
"""Between the two images of a pair; white."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

SQUARE = generate_binary_structure(rank=2, connectivity=2)


def box_around(masks: Sequence[NDArray[np.bool_]]) -> Box:
    """The part of an image that holds all masks, with its margin; the whole image for empty masks.

    Args:
        masks: bool, HxW, of one shape; at least one.
    """
    mask = np.logical_or.reduce(masks)
    height, width = mask.shape
    left, top, right, bottom = Image.fromarray(mask).getbbox() or (0, 0, width, height)
    margin = round(MARGIN * max(bottom - top, right - left)) + 1
    return (
        max(left - margin, 0),
        max(top - margin, 0),
        min(right + margin, width),
        min(bottom + margin, height),
    )


def draw_outlines(
    image: NDArray[np.uint8],
    *,
    truth: NDArray[np.bool_],
    predicted: NDArray[np.bool_] | None,
    side_px: int,
    box: Box | None = None,
) -> Image.Image:
    """A part of an image, scaled to `side_px` on its longer side, with the outlines of both masks.

    Args:
        image: uint8, HxWx3, RGB.
        truth: bool, HxW.
        predicted: bool, HxW, or none.
        side_px: the longer side of the answer.
        box: the part to show; the whole image if not given.

    Raises:
        ValueError: image and masks differ in height or width.
    """
    shapes = {image.shape[:2], truth.shape} | ({predicted.shape} if predicted is not None else set())
    if len(shapes) > 1:
        raise ValueError(f"shapes differ: {sorted(shapes)}")
    part = Image.fromarray(image).crop(box)
    scale = side_px / max(part.size)
    size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
    canvas = part.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    pixels = np.array(canvas)
    # Truth is the wider line below, so that both show where they agree; black sets them off any image.
    for mask, colour, radius_px in ((truth, TRUTH, 3), (predicted, PREDICTION, 1)):
        if mask is None:
            continue
        scaled = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).crop(box).resize(size)) > 127
        pixels[_outline(scaled, radius_px + 1)] = 0
        pixels[_outline(scaled, radius_px)] = colour
    return Image.fromarray(pixels)


def side_by_side(images: Sequence[Image.Image]) -> Image.Image:
    """Images of one height in a row."""
    width = sum(image.width for image in images) + GAP_PX * (len(images) - 1)
    row = Image.new("RGB", (width, images[0].height), "white")
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width + GAP_PX
    return row


def _outline(mask: NDArray[np.bool_], radius_px: int) -> NDArray[np.bool_]:
    """Where a line along the edge of a mask lies that reaches `radius_px` to either side; bool, HxW."""
    inside, outside = (
        binary_dilation(part, structure=SQUARE, iterations=radius_px) for part in (mask, ~mask)
    )
    return np.asarray(inside & outside)
