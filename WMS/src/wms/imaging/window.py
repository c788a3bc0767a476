"""The register window as a shape: the outline and the smallest rectangle of a mask's largest part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray

from wms.imaging.parts import largest_part
from wms.imaging.rectangle import Rectangle, least_rectangle

TOLERANCE_PX = 1.0
"""How far the outline may lie from the mask's edge, so that it has dozens of corners and not thousands."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """One window in an image, in pixels: x to the right, y down, (0, 0) the image's upper left corner.

    `outline` is float64, Nx2, x and y of its three or more corners; the last one is joined to the first.
    """

    outline: NDArray[np.float64]
    rectangle: Rectangle


def find_window(probability: NDArray[np.float32], threshold: float) -> Window | None:
    """The largest connected part of the mask; `None` for an empty mask.

    The outline is the line along which the interpolated probability equals the threshold.

    Args:
        probability: float32, HxW in 0..1.
        threshold: a pixel above it is window.
    """
    mask = probability > threshold
    if not mask.any():
        return None
    part, top, left = largest_part(mask)
    # A border of what is around it, so that the line closes; what is outside the image counts as no window.
    height, width = part.shape
    around = np.zeros((height + 2, width + 2), dtype=np.float32)
    y, x = max(top - 1, 0), max(left - 1, 0)
    near = probability[y : top + height + 1, x : left + width + 1]
    around[y - top + 1 :, x - left + 1 :][: near.shape[0], : near.shape[1]] = near
    around[(around > threshold) & ~np.pad(part, 1)] = 0.0
    lines = contour_generator(z=around).lines(threshold)
    ring = max((np.asarray(line) for line in lines), key=_area)
    ring = ring + np.array([left - 0.5, top - 0.5])
    corners = simplified(ring, TOLERANCE_PX)
    if len(corners) < 3:
        # Nothing is left of a window of one or two pixels.
        corners = ring[:-1]
    rectangle = least_rectangle(part)
    return Window(
        outline=np.clip(corners, 0, probability.shape[::-1]),
        rectangle=replace(rectangle, centre_x=rectangle.centre_x + left, centre_y=rectangle.centre_y + top),
    )


def simplified(ring: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """Fewer corners of a closed line, none left out further than `tolerance` away (Douglas and Peucker 1973).

    Args:
        ring: float64, Nx2; the last point is the first one again.
        tolerance: in the points' unit.

    Returns:
        float64, Mx2, without the repeated point.
    """
    far = int(np.argmax(((ring - ring[0]) ** 2).sum(axis=1)))
    kept, todo = {0, far}, [(0, far), (far, len(ring) - 1)]
    while todo:
        start, end = todo.pop()
        if end - start < 2:
            continue
        distances = _distances(ring[start + 1 : end], ring[start], ring[end])
        worst = int(np.argmax(distances))
        if distances[worst] > tolerance:
            middle = start + 1 + worst
            kept.add(middle)
            todo += [(start, middle), (middle, end)]
    return ring[sorted(kept)]


def _distances(
    points: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """From points to the straight line between two others."""
    along = end - start
    length = float(np.hypot(*along))
    offset = points - start
    if length == 0.0:
        return np.asarray(np.hypot(offset[:, 0], offset[:, 1]))
    return np.abs(offset[:, 0] * along[1] - offset[:, 1] * along[0]) / length


def _area(ring: NDArray[np.float64]) -> float:
    """The area that a closed line surrounds (the shoelace formula)."""
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2.0
