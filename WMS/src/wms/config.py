"""Settings: YAML files and environment variables, parsed into frozen models.

A setting that is missing, unknown or out of range is a `ConfigError` that names file and key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import Field, PositiveFloat, PositiveInt, ValidationError

from wms.domain.dataset import Share
from wms.domain.errors import ConfigError
from wms.domain.gate import GatePolicy
from wms.domain.records import Frozen, canonical_json, sha256_hex
from wms.domain.split import SplitPolicy

M = TypeVar("M", bound=Frozen)

DATA_CONFIG = "WMS/configs/data.yaml"
TRAIN_CONFIG = "WMS/configs/train.yaml"
GATE_CONFIG = "WMS/configs/gate.yaml"


class ValidationPolicy(Frozen):
    """Thresholds of data validation; `WMS/configs/data.yaml` gives each one's reason."""

    min_side_px: PositiveInt
    max_side_px: PositiveInt
    max_pixels: PositiveInt
    mask_threshold: Annotated[int, Field(ge=1, le=254)]
    mask_tolerance: Annotated[int, Field(ge=0, le=127)]
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


def settings_digest(settings: Frozen) -> str:
    """SHA-256 of the settings in canonical form."""
    return sha256_hex(canonical_json(settings.model_dump(mode="json")))


def load_data_settings(root: Path) -> DataSettings:
    """Read `WMS/configs/data.yaml` below a workspace root.

    Raises:
        ConfigError: missing, unparsable or out of range.
    """
    return load_settings(root / DATA_CONFIG, DataSettings)


def load_gate_policy(root: Path) -> GatePolicy:
    """Read `WMS/configs/gate.yaml` below a workspace root.

    Raises:
        ConfigError: missing, unparsable or out of range.
    """
    return load_settings(root / GATE_CONFIG, GatePolicy)


def load_settings(path: Path, kind: type[M], overrides: dict[str, Any] | None = None) -> M:
    """Read one YAML file into settings, with top-level values replaced by `overrides`.

    Raises:
        ConfigError: missing, unparsable, an unknown key, or a value out of range.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"settings file {path} cannot be read: {error.strerror}") from error
    return parse_settings(text, kind, source=str(path), overrides=overrides)


def parse_settings(text: bytes, kind: type[M], *, source: str, overrides: dict[str, Any] | None = None) -> M:
    """Parse YAML text into settings; `source` is named in errors.

    Raises:
        ConfigError: unparsable, an unknown key, or a value out of range.
    """
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is no YAML: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{source} must hold a mapping of settings")
    try:
        return kind.model_validate({**values, **(overrides or {})})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "settings"
        raise ConfigError(f"{source}: {key}: {first['msg']}") from error
