"""A mask that was found against the one that was drawn: pixel counts, and how far the outlines are apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, distance_transform_edt, find_objects

from wms.core.records.metrics import Boundary, Confusion

TOLERANCE = 0.0075
"""Share of the image's diagonal that an outline may be off and still count as met: the value of
DAVIS (Perazzi et al. 2016), some 12 pixels of 1300 x 1000."""


def count_pixels(found: NDArray[np.bool_], there: NDArray[np.bool_]) -> Confusion:
    """The confusion counts of two masks, bool, of one shape."""
    tp, marked, window = (int(np.count_nonzero(mask)) for mask in (found & there, found, there))
    return Confusion(tp=tp, fp=marked - tp, fn=window - tp, tn=there.size - marked - window + tp)


def compare_boundaries(found: NDArray[np.bool_], there: NDArray[np.bool_]) -> Boundary:
    """The boundary F-score and the 95th percentile Hausdorff distance of two masks.

    A mask's boundary is its pixels that have one of their four neighbours outside; outside the image
    counts as outside. F-score (Csurka et al. 2013): precision is the share of the found boundary within
    the tolerance of the drawn one, recall the reverse, F their harmonic mean. Hausdorff 95 (Huttenlocher
    et al. 1993, partial distance): the larger of both directions' 95th percentiles of the distance from
    one boundary's pixels to the nearest of the other.

    The empty-mask rule: with nothing to find and nothing found, 1 and 0 px; with either alone empty, 0
    and the image's diagonal.

    Args:
        found: bool, HxW.
        there: bool, HxW.
    """
    diagonal_px = float(np.hypot(*there.shape))
    if not found.any() or not there.any():
        equal = not found.any() and not there.any()
        return Boundary(f1=float(equal), hausdorff95_px=0.0 if equal else diagonal_px)
    # Distances between boundaries need no pixels outside both masks.
    (inside,) = find_objects((found | there).astype(np.uint8))
    found_edge, there_edge = _edge(found[inside]), _edge(there[inside])
    to_there = distance_transform_edt(~there_edge)[found_edge]
    to_found = distance_transform_edt(~found_edge)[there_edge]
    tolerance_px = TOLERANCE * diagonal_px
    precision, recall = (float((distance <= tolerance_px).mean()) for distance in (to_there, to_found))
    met = precision + recall
    return Boundary(
        f1=2.0 * precision * recall / met if met else 0.0,
        hausdorff95_px=max(float(np.percentile(distance, 95)) for distance in (to_there, to_found)),
    )


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return mask & ~binary_erosion(mask)
