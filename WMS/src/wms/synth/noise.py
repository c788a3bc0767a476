"""Smooth random fields."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float32]
"""One number a pixel, (H, W), float32."""


def clouds(
    rng: np.random.Generator, size: tuple[int, int], *, octaves: tuple[int, ...], stretch: float = 1.0
) -> Field:
    """Value noise of `size` (width, height), in 0..1 around a mean of 0.5.

    Each octave is a grid of that many cells along the width, made smooth by interpolation; later ones
    weigh less. `stretch` above 1 draws the clouds out along x.
    """
    width, height = size
    total = np.zeros((height, width), dtype=np.float32)
    weight, weights = 1.0, 0.0
    for cells in octaves:
        across = max(2, round(cells / stretch))
        down = max(2, round(cells * height / width))
        grid = Image.fromarray(rng.random((down, across), dtype=np.float32))
        total += weight * np.asarray(grid.resize(size, Image.Resampling.BILINEAR))
        weights += weight
        weight *= 0.6
    return total / np.float32(weights)


def enlarge(field: Field, size: tuple[int, int]) -> Field:
    """A coarse field at `size` (width, height), interpolated."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def grey(levels: Field) -> Image.Image:
    """Levels as an image of mode L, cut off at 0 and 255."""
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))
