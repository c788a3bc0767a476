from __future__ import annotations

from datetime import datetime

import pytest
from pydantic import ValidationError

from factories import make_metadata
from wms.core.errors import RecordError
from wms.core.records.promotion import NO_MODEL_JSON, parse_metadata


def test_metadata_comes_back_as_written() -> None:
    metadata = make_metadata()
    assert parse_metadata(metadata.to_json(), source="model-metadata.json") == metadata


def test_a_file_that_says_so_means_that_there_is_no_model() -> None:
    assert parse_metadata(NO_MODEL_JSON, source="model-metadata.json") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"{}",
        b"{",
        b"\xff",
        b'{"version": null}',
        b'{"schema_version": 2, "version": null}',
        b'{"schema_version": 1, "version": null, "weights_sha256": null}',
        b'{"schema_version": 1, "version": 0}',
    ],
)
def test_anything_else_without_a_model_is_an_error_never_no_model(data: bytes) -> None:
    with pytest.raises(RecordError, match=r"model-metadata\.json"):
        parse_metadata(data, source="model-metadata.json")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        make_metadata(changed_at=datetime(2026, 11, 23, 8, 45))  # noqa: DTZ001


@pytest.mark.parametrize(
    "change",
    [{"version": 0}, {"threshold": 0.0}, {"threshold": 1.0}, {"weights_sha256": "ab"}, {"kind": "guess"}],
)
def test_values_out_of_range_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        make_metadata(**change)
