"""YAML text to frozen settings.

A setting that is missing, unknown or out of range is an `InputError` that names file and key.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from wms.core.errors import Code, InputError
from wms.core.records.base import Frozen, canonical_json, sha256_hex

M = TypeVar("M", bound=Frozen)


def settings_digest(settings: Frozen) -> str:
    """SHA-256 of the settings in canonical form."""
    return sha256_hex(canonical_json(settings.model_dump(mode="json")))


def load_settings(path: Path, kind: type[M], overrides: Mapping[str, Any] | None = None) -> M:
    """Read one YAML file into settings, with top-level values replaced by `overrides`.

    Raises:
        InputError: missing, unparsable, an unknown key, or a value out of range.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"settings file {path} cannot be read: {error.strerror}", Code.CONFIG) from error
    return parse_settings(text, kind, source=str(path), overrides=overrides)


def parse_settings(
    text: bytes, kind: type[M], *, source: str, overrides: Mapping[str, Any] | None = None
) -> M:
    """`load_settings` for a file's text; `source` is named in errors."""
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{source} is not YAML: {error}", Code.CONFIG) from error
    if not isinstance(values, dict):
        raise InputError(f"{source} must hold a mapping of settings", Code.CONFIG)
    return checked({**values, **(overrides or {})}, kind, source=source)


def checked(values: Mapping[str, Any], kind: type[M], *, source: str, remedy: str | None = None) -> M:
    """Values as settings.

    Raises:
        InputError: an unknown key, or a value that is missing or out of range.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "[key]") or "settings"
        raise InputError(f"{source}: {key}: {first['msg']}", Code.CONFIG, remedy=remedy) from error
