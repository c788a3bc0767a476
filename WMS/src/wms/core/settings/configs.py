"""Settings below `WMS/configs` that are no part of a record; each file explains its values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from wms.core.records.base import Frozen
from wms.core.records.dataset import Share
from wms.core.records.deployment import Target
from wms.core.records.split import SplitPolicy
from wms.core.settings.loader import load_settings

DATA_CONFIG = "WMS/configs/data.yaml"
GATE_CONFIG = "WMS/configs/gate.yaml"
REPORT_CONFIG = "WMS/configs/report.yaml"
DEPLOY_CONFIG = "WMS/configs/deploy.yaml"


class ValidationPolicy(Frozen):
    """Thresholds of data validation."""

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
    """`WMS/configs/data.yaml`: what validation accepts, and how samples are split."""

    validation: ValidationPolicy
    split: SplitPolicy


class ReportSettings(Frozen):
    """`WMS/configs/report.yaml`: what reports show, and how long their images stay."""

    pictures_in_reports: bool
    keep_reports: PositiveInt
    keep_days: PositiveInt


class DeploySettings(Frozen):
    """`WMS/configs/deploy.yaml`: where the model in production is used, and when a new one is good."""

    targets: tuple[Target, ...]
    smoke_tolerance: Share
    node_wait_minutes: PositiveFloat


def load_data_settings(root: Path) -> DataSettings:
    """Read `WMS/configs/data.yaml` below a workspace root; errors as of `load_settings`."""
    return load_settings(root / DATA_CONFIG, DataSettings)
