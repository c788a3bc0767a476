"""`WMS/configs/drift.yaml`: what the service counts, and when a report alarms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from wms.core.records.base import Frozen
from wms.core.settings.loader import load_settings

DRIFT_CONFIG = "WMS/configs/drift.yaml"


class WantedSettings(Frozen):
    """Which photographs are kept for labelling; `consent` says that those who send them agreed."""

    consent: bool
    folder: str
    below_confidence: Annotated[float, Field(ge=0.0, le=1.0)]
    max_images: NonNegativeInt
    max_mib: PositiveFloat


class DriftSettings(Frozen):
    """The file explains each value. Folders are relative to the workspace."""

    folder: str
    keep_days: PositiveInt
    write_seconds: PositiveFloat
    min_images: Annotated[int, Field(ge=30)]
    psi_changed: PositiveFloat
    psi_moved: PositiveFloat
    false_alarms: Annotated[float, Field(gt=0.0, lt=1.0)]
    wanted: WantedSettings


def load_drift_settings(root: Path) -> DriftSettings:
    """Read `WMS/configs/drift.yaml` below a workspace root; errors as of `load_settings`."""
    return load_settings(root / DRIFT_CONFIG, DriftSettings)
