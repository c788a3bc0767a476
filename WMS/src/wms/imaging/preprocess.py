"""From an image to the network's input and back: one definition for training, evaluation, serving.

An image keeps its proportions: it is scaled until its longer side fills a square, and grey bars
fill the rest (a letterbox). Squashing it instead would change the window's shape with the phone's
format. No torch here: serving runs without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wms.core.records.training import Preprocessing

PAD_GREY = 114
"""The bars' grey: near the mean of photographs, so that they are no bright or dark feature."""

LARGEST_ZOOM = 8.0
"""A close-up has at least an eighth of the square's side, so that a speck is not enlarged without limit."""

ISOTROPIC = 1e-6
"""Added to the variance along x, so that a window that is as high as wide has an angle too: none."""


@dataclass(frozen=True, kw_only=True)
class Letterbox:
    """Where an image of `height_px` x `width_px` lies in a square of `size_px`."""

    height_px: int
    width_px: int
    size_px: int

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns of the square that the image covers; at least one of each."""
        longer = max(self.height_px, self.width_px)
        sides = (self.height_px, self.width_px)
        # Rounded in whole numbers, as the exported graph does it.
        lengths = [max(1, (2 * side * self.size_px + longer) // (2 * longer)) for side in sides]
        top, left = ((self.size_px - length) // 2 for length in lengths)
        return slice(top, top + lengths[0]), slice(left, left + lengths[1])


def preprocess(image: NDArray[np.uint8], spec: Preprocessing) -> tuple[NDArray[np.float32], Letterbox]:
    """The network's input for one image, and how to come back from it.

    Args:
        image: uint8, HxWx3, RGB, upright.
        spec: the model's preprocessing.

    Returns:
        float32, 1x3xSxS in 0..1, and the letterbox.
    """
    square, box = letterbox_image(image, spec)
    return to_input(square[np.newaxis]), box


def letterbox_image(image: NDArray[np.uint8], spec: Preprocessing) -> tuple[NDArray[np.uint8], Letterbox]:
    """Scale an image into a square; averaged when it shrinks, so that nothing aliases.

    Args:
        image: uint8, HxWx3.
        spec: side of the square and grey of the bars.

    Returns:
        uint8, SxSx3, and the letterbox.
    """
    return _into_square(image, spec.size_px, fill=spec.pad)


def letterbox_mask(mask: NDArray[np.bool_], spec: Preprocessing) -> NDArray[np.uint8]:
    """Scale a mask like its image; an edge pixel holds how much of it is window.

    Args:
        mask: bool, HxW.
        spec: side of the square.

    Returns:
        uint8, SxS: 0 outside (bars included), 255 inside, shares of 255 on the edge.
    """
    square, _ = _into_square(mask.astype(np.uint8) * np.uint8(255), spec.size_px, fill=0)
    return square


def to_input(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Letterboxed images as the network takes them.

    Args:
        squares: uint8, BxSxSx3.

    Returns:
        float32, Bx3xSxS in 0..1; a view in channels-last order, which convolutions run fastest on.
    """
    return (squares.astype(np.float32) / np.float32(255)).transpose(0, 3, 1, 2)


def to_image(probability: NDArray[np.float32], box: Letterbox) -> NDArray[np.float32]:
    """The inverse of `preprocess` for a probability map: without bars, at the image's own size.

    The probabilities are interpolated bilinearly, not the decision: its edge is then smooth between
    the network's pixels.

    Args:
        probability: float32, SxS in 0..1.
        box: how the image was put into the square.

    Returns:
        float32, HxW in 0..1.
    """
    inner = Image.fromarray(np.ascontiguousarray(probability[box.inside]))
    resized = inner.resize((box.width_px, box.height_px), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(resized, dtype=np.float32), 0.0, 1.0)


def _into_square(
    pixels: NDArray[np.uint8], size_px: int, *, fill: int
) -> tuple[NDArray[np.uint8], Letterbox]:
    height, width = pixels.shape[:2]
    box = Letterbox(height_px=height, width_px=width, size_px=size_px)
    square = np.full((size_px, size_px, *pixels.shape[2:]), fill, dtype=np.uint8)
    inner_height, inner_width = square[box.inside].shape[:2]
    scaled = Image.fromarray(pixels).resize((inner_width, inner_height), Image.Resampling.BILINEAR)
    square[box.inside] = np.asarray(scaled)
    return square, box
