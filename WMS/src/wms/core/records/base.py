"""The base of everything that crosses a file, job or branch boundary.

A record is frozen, refuses unknown fields, and is written in one canonical form, so that two
records are equal exactly when their digests are.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from wms.core.errors import RecordError

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest, 64 lower-case hexadecimal digits."""

GitSha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
"""A Git object name (SHA-1), 40 lower-case hexadecimal digits."""


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


class Frozen(BaseModel):
    """An immutable part of a record (or of the settings); unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Record(Frozen):
    """A versioned record that is kept as a file of its own."""

    schema_version: Literal[1] = 1

    def to_json(self) -> bytes:
        """Canonical JSON: sorted keys, two-space indent, UTF-8, one newline at the end."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return sha256_hex(self.to_json())

    @classmethod
    def from_json(cls, data: bytes, *, source: str) -> Self:
        """Parse a record.

        Args:
            data: the file's bytes.
            source: where they came from, named in the error.

        Raises:
            RecordError: not JSON, or not a record of this kind and version.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise RecordError(f"{source} is no valid {cls.__name__}: {where}: {first['msg']}") from error


def canonical_json(value: Any) -> bytes:
    """`value` as the one JSON text that records are written and digested in."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()
