"""The base of everything that is passed between files, jobs or branches.

A record is frozen, rejects unknown fields, and is written in one canonical form. A record that was read keeps
its bytes: they give its digest, and it is written back unchanged. So a new field of a later version changes
no digest of an earlier record.
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
    """An immutable part of a record or of the settings; unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Stored(Frozen):
    """A frozen value that remembers the bytes it was read from; a changed copy does not."""

    __slots__ = ("_stored",)

    @property
    def stored(self) -> bytes | None:
        """The bytes it was read from; `None` of a new one."""
        return getattr(self, "_stored", None)

    def _keep(self, data: bytes) -> Self:
        object.__setattr__(self, "_stored", data)
        return self


class Record(Stored):
    """A versioned record in a file of its own.

    If the fields change, the class gets the next `schema_version` and a class method `from_version_N(values)`
    that converts the values of version N to version N + 1.
    """

    schema_version: Literal[1] = 1

    def to_json(self) -> bytes:
        """The bytes it was read from; for a new record the canonical form.

        That is sorted keys, two-space indent, UTF-8, one newline at the end.
        """
        return canonical_json(self.model_dump(mode="json")) if self.stored is None else self.stored

    @property
    def digest(self) -> str:
        """SHA-256 of the record's stored bytes."""
        return sha256_hex(self.to_json())

    @classmethod
    def from_json(cls, data: bytes, *, source: str) -> Self:
        """Parse a record of this version or an earlier one.

        Args:
            data: the file's bytes.
            source: the origin, for the error.

        Raises:
            RecordError: not JSON, not a record of this kind, or written by a newer version.
        """
        try:
            return cls.model_validate(cls._upgraded(json.loads(data), source))._keep(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise RecordError(f"{source} is not a valid {cls.__name__}: {where}: {first['msg']}") from error
        except ValueError as error:
            raise RecordError(f"{source} is not a valid {cls.__name__}: it is not JSON: {error}") from error

    @classmethod
    def _upgraded(cls, values: Any, source: str) -> Any:
        """The values in the newest version."""
        newest: int = cls.model_fields["schema_version"].default
        version = values.get("schema_version") if isinstance(values, dict) else None
        if not isinstance(version, int) or version < 1:
            return values  # Validation says what is wrong.
        if version > newest:
            raise RecordError(
                f"{source} is a {cls.__name__} of version {version}, and this wms reads up to {newest}",
                remedy="Update wms to the version that main uses.",
            )
        for earlier in range(version, newest):
            values = getattr(cls, f"from_version_{earlier}")(values) | {"schema_version": earlier + 1}
        return values


def canonical_json(value: Any) -> bytes:
    """`value` as canonical JSON, in which records are written and digested."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()
