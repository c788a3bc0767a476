"""The smallest rectangle around a mask, turned as it may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull


@dataclass(frozen=True, kw_only=True)
class Rectangle:
    """A turned rectangle in an image, x to the right and y down, in pixels.

    `angle_degrees` is how far its long side is turned clockwise from level, in -90 (included) to 90.
    """

    centre_x: float
    centre_y: float
    long_px: float
    short_px: float
    angle_degrees: float


def least_rectangle(mask: NDArray[np.bool_]) -> Rectangle:
    """The rectangle of least area around all pixels of a mask.

    One of its sides lies on a side of the convex hull (Freeman and Shapira 1975), so each is tried.

    Args:
        mask: bool, HxW, not empty.
    """
    corners = _outer_corners(mask)
    hull = corners[ConvexHull(corners).vertices]
    sides = np.roll(hull, -1, axis=0) - hull
    along = sides / np.linalg.norm(sides, axis=1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    u, v = along @ hull.T, across @ hull.T  # side x corner
    widths, heights = np.ptp(u, axis=1), np.ptp(v, axis=1)
    best = int(np.argmin(widths * heights))
    centre = along[best] * _middle(u[best]) + across[best] * _middle(v[best])
    wide = widths[best] >= heights[best]
    direction = along[best] if wide else across[best]
    long_px, short_px = sorted((float(widths[best]), float(heights[best])), reverse=True)
    angle = float(np.degrees(np.arctan2(direction[1], direction[0])))
    return Rectangle(
        centre_x=float(centre[0]),
        centre_y=float(centre[1]),
        long_px=long_px,
        short_px=short_px,
        angle_degrees=(angle + 90.0) % 180.0 - 90.0,
    )


def _outer_corners(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The corners of each row's first and last pixel, as x and y: their hull is that of all pixels."""
    rows = np.flatnonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    behind = mask.shape[1] - mask[rows, ::-1].argmax(axis=1)
    xs = np.concatenate([first, first, behind, behind])
    ys = np.concatenate([rows, rows + 1, rows, rows + 1])
    return np.stack([xs, ys], axis=1).astype(np.float64)


def _middle(values: NDArray[np.float64]) -> float:
    return float(values.min() + values.max()) / 2.0
