"""What data validation accepts and how samples are split, read from `WMS/configs/data.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from wms.core.records.base import Frozen
from wms.core.records.dataset import Share
from wms.core.records.split import SplitPolicy
from wms.core.settings.loader import load_settings

DATA_CONFIG = "WMS/configs/data.yaml"


class ValidationPolicy(Frozen):
    """Thresholds of data validation; `WMS/configs/data.yaml` explains each one."""

    min_side_px: PositiveInt
    max_side_px: PositiveInt
    max_pixels: PositiveInt
    mask_threshold: Annotated[int, Field(ge=1, le=254)]
    mask_tolerance: Annotated[int, Field(ge=0, le=126)]
    max_grey_share: Share
    min_foreground_share: Share
    max_foreground_share: Share
    inverted_border_share: Share
    coverage_outlier_spread: PositiveFloat
    coverage_min_samples: PositiveInt


class DataSettings(Frozen):
    """`WMS/configs/data.yaml`."""

    validation: ValidationPolicy
    split: SplitPolicy


def load_data_settings(root: Path) -> DataSettings:
    """Read `WMS/configs/data.yaml` below a workspace root.

    Raises:
        InputError: missing, unparsable or out of range.
    """
    return load_settings(root / DATA_CONFIG, DataSettings)
