"""Settings: YAML files below `WMS/configs`, parsed into frozen models."""

from wms.core.settings.data import DATA_CONFIG, DataSettings, ValidationPolicy, load_data_settings
from wms.core.settings.gate import GATE_CONFIG, load_gate_policy
from wms.core.settings.github import load_wanted
from wms.core.settings.loader import load_settings, parse_settings, settings_digest
from wms.core.settings.report import REPORT_CONFIG, ReportSettings, load_report_settings
from wms.core.settings.train import (
    TRAIN_CONFIG,
    AugmentSettings,
    LossSettings,
    StageSettings,
    TrainSettings,
    load_train_settings,
)

__all__ = [
    "DATA_CONFIG",
    "GATE_CONFIG",
    "REPORT_CONFIG",
    "TRAIN_CONFIG",
    "AugmentSettings",
    "DataSettings",
    "LossSettings",
    "ReportSettings",
    "StageSettings",
    "TrainSettings",
    "ValidationPolicy",
    "load_data_settings",
    "load_gate_policy",
    "load_report_settings",
    "load_settings",
    "load_train_settings",
    "load_wanted",
    "parse_settings",
    "settings_digest",
]
