"""YAML text to frozen settings.

A setting that is missing, unknown or out of range is a `ConfigError` that names file and key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from wms.core.errors import ConfigError
from wms.core.records.base import Frozen, canonical_json, sha256_hex

M = TypeVar("M", bound=Frozen)


def settings_digest(settings: Frozen) -> str:
    """SHA-256 of the settings in canonical form."""
    return sha256_hex(canonical_json(settings.model_dump(mode="json")))


def load_settings(path: Path, kind: type[M], overrides: Mapping[str, Any] | None = None) -> M:
    """Read one YAML file into settings, with top-level values replaced by `overrides`.

    Raises:
        ConfigError: missing, unparsable, an unknown key, or a value out of range.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"settings file {path} cannot be read: {error.strerror}") from error
    return parse_settings(text, kind, source=str(path), overrides=overrides)


def parse_settings(
    text: bytes, kind: type[M], *, source: str, overrides: Mapping[str, Any] | None = None
) -> M:
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
