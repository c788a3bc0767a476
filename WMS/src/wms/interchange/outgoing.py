"""What is written for a labelling tool: photographs, each with its window or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wms.interchange.regions import Mask, Size

LABEL = "window"
"""The one label of what is exported."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A photograph for a tool.

    `file_name` is its name below `images/`, `size` its upright size. `mask` gives the window, bool, HxW, or
    `None` if there is none yet. `made_by` is `manual`, or `auto` for the model's.
    """

    file_name: str
    size: Size
    mask: Callable[[], Mask | None]
    made_by: str = "manual"


def window_of(mask: Mask) -> tuple[int, int, Mask]:
    """Left, top and content of the smallest box around a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return left, top, mask[top : rows[-1] + 1, left : columns[-1] + 1]
