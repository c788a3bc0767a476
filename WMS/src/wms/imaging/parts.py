"""The parts of a mask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label


def largest_part(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], int, int]:
    """The largest connected part of a mask, cut out, with its top row and left column in the mask.

    Pixels that meet at a corner only are not connected.

    Args:
        mask: bool, HxW, not empty.
    """
    # A register window is a small part of its photograph, and labels are slow.
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    top, left = int(rows[0]), int(columns[0])
    parts, _ = label(mask[top : rows[-1] + 1, left : columns[-1] + 1])
    largest = int(np.bincount(parts.ravel())[1:].argmax()) + 1
    place = find_objects(parts, max_label=largest)[-1]
    return parts[place] == largest, top + place[0].start, left + place[1].start
