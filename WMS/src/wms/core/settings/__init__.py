"""Settings: YAML files below `WMS/configs`, parsed into frozen models."""

from wms.core.settings.configs import (
    DATA_CONFIG,
    DEPLOY_CONFIG,
    GATE_CONFIG,
    REPORT_CONFIG,
    DataSettings,
    DeploySettings,
    ReportSettings,
    ValidationPolicy,
    load_data_settings,
)
from wms.core.settings.drift import DRIFT_CONFIG, DriftSettings, load_drift_settings
from wms.core.settings.github import load_wanted
from wms.core.settings.loader import load_settings, parse_settings, settings_digest
from wms.core.settings.serve import SERVE_CONFIG, ServeSettings
from wms.core.settings.train import (
    TRAIN_CONFIG,
    AugmentSettings,
    CloseUpSettings,
    LossSettings,
    TrainSettings,
    load_train_settings,
)

__all__ = [
    "DATA_CONFIG",
    "DEPLOY_CONFIG",
    "DRIFT_CONFIG",
    "GATE_CONFIG",
    "REPORT_CONFIG",
    "SERVE_CONFIG",
    "TRAIN_CONFIG",
    "AugmentSettings",
    "CloseUpSettings",
    "DataSettings",
    "DeploySettings",
    "DriftSettings",
    "LossSettings",
    "ReportSettings",
    "ServeSettings",
    "TrainSettings",
    "ValidationPolicy",
    "load_data_settings",
    "load_drift_settings",
    "load_settings",
    "load_train_settings",
    "load_wanted",
    "parse_settings",
    "settings_digest",
]
