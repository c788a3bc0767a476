"""What is measured of one image and of the mask that a model gave it; no picture can be made from it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveInt

from wms.core.records.base import Frozen
from wms.core.records.dataset import Share


class Measures(Frozen):
    """One image and its answer; `imaging/measures.py` says how each value is made.

    `brightness` is in 0..255, `sharpness` in squared grey levels, `size_px` the longer side. `coverage` and
    `confidence` are in 0..1. `window_angle_degrees` is how far the window's long side is turned clockwise
    from level, in -45 (included) to 135: level windows are about 0 and upright ones about 90, and the circle
    is cut at the diagonal, where few windows are. `None` where no window was found.
    """

    brightness: Annotated[float, Field(ge=0.0, le=255.0)]
    sharpness: NonNegativeFloat
    size_px: PositiveInt
    coverage: Share
    confidence: Share
    window_angle_degrees: Annotated[float, Field(ge=-45.0, lt=135.0)] | None
