from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from wms.core.errors import RecordError
from wms.core.records.base import Record, Sha256, canonical_json, sha256_hex


class Note(Record):
    """A small record to test with."""

    title: str
    score: float
    digest_of_data: Sha256 | None = None


@given(title=st.text(), score=st.floats(allow_nan=False, allow_infinity=False))
def test_a_record_comes_back_from_its_json_with_the_same_digest(title: str, score: float) -> None:
    note = Note(title=title, score=score)
    again = Note.from_json(note.to_json(), source="note.json")
    assert again == note
    assert again.digest == note.digest == sha256_hex(note.to_json())


def test_canonical_json_sorts_keys_and_ends_with_one_newline() -> None:
    assert canonical_json({"b": 1, "a": "é"}) == '{\n  "a": "é",\n  "b": 1\n}\n'.encode()


def test_a_record_cannot_be_changed() -> None:
    note = Note(title="a", score=1)
    with pytest.raises(ValidationError):
        note.title = "b"


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"{", "it is not JSON"),
        (b"", "it is not JSON"),
        (b"[]", "the file"),
        (b'{"title": "a"}', "score"),
        (b'{"title": "a", "score": 1, "schema_version": 0}', "schema_version"),
        (b'{"title": "a", "score": 1, "extra": 0}', "extra"),
        (b'{"title": "a", "score": NaN}', "score"),
        (b'{"title": "a", "score": 1, "digest_of_data": "ABC"}', "digest_of_data"),
        (b"\xff\xfe", "it is not JSON"),
    ],
)
def test_anything_else_is_a_record_error_that_names_file_and_field(data: bytes, named: str) -> None:
    with pytest.raises(RecordError, match=r"run/note\.json is not a valid Note") as caught:
        Note.from_json(data, source="run/note.json")
    assert f"Note: {named}: " in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_know_are_refused(value: float) -> None:
    with pytest.raises(ValidationError):
        Note(title="a", score=value)
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json({"value": value})


def test_a_record_of_a_later_version_says_what_to_do() -> None:
    with pytest.raises(RecordError, match="of version 2, and this wms reads up to 1") as caught:
        Note.from_json(b'{"title": "a", "score": 1, "schema_version": 2}', source="run/note.json")
    assert "Update wms" in caught.value.remedy


class Earlier(Record):
    name: str


class Later(Record):
    schema_version: Literal[3] = 3
    title: str
    pages: int = 0
    language: str = "en"

    @classmethod
    def from_version_1(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {"title": values["name"]}

    @classmethod
    def from_version_2(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "pages": 1}


def test_an_earlier_version_is_upgraded_step_by_step_and_keeps_its_bytes_and_digest() -> None:
    old = Earlier(name="a")
    read = Later.from_json(old.to_json(), source="run/later.json")
    assert read == Later(title="a", pages=1)
    assert (read.to_json(), read.digest) == (old.to_json(), old.digest)


def test_a_field_with_a_default_changes_no_digest_of_what_was_written_before_it() -> None:
    written = b'{"schema_version": 3, "title": "a"}'
    assert Later.from_json(written, source="later.json").digest == sha256_hex(written)


def test_a_changed_copy_has_a_digest_of_its_own() -> None:
    read = Note.from_json(Note(title="a", score=1).to_json(), source="note.json")
    changed = read.model_copy(update={"title": "b"})
    assert changed.digest == Note(title="b", score=1).digest != read.digest
