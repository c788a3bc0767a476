"""What reports show and how long their images stay, read from `WMS/configs/report.yaml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import PositiveInt

from wms.core.records.base import Frozen
from wms.core.settings.loader import load_settings

REPORT_CONFIG = "WMS/configs/report.yaml"


class ReportSettings(Frozen):
    """`WMS/configs/report.yaml`, which explains each value."""

    pictures_in_reports: bool
    keep_reports: PositiveInt
    keep_days: PositiveInt


def load_report_settings(root: Path) -> ReportSettings:
    """Read `WMS/configs/report.yaml` below a workspace root.

    Raises:
        InputError: missing, unparsable or out of range.
    """
    return load_settings(root / REPORT_CONFIG, ReportSettings)
