"""Settings: YAML files below `WMS/configs`, parsed into frozen models."""

from wms.config.data import DATA_CONFIG, DataSettings, ValidationPolicy, load_data_settings
from wms.config.gate import GATE_CONFIG, load_gate_policy
from wms.config.github import load_wanted
from wms.config.loader import load_settings, parse_settings, settings_digest
from wms.config.report import REPORT_CONFIG, ReportSettings, load_report_settings
from wms.config.train import (
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
