"""What a release is called, and its SHA256SUMS."""

from __future__ import annotations

import pytest

from factories import sha256
from wms.core.errors import RecordError
from wms.core.records.release import digests_text, parse_digests, release_tag, released_version


def test_a_tag_names_its_version_and_no_other_tag_does() -> None:
    assert released_version(release_tag(12)) == 12
    for tag in ("v1", "model-v0", "model-v1.2", "model-v1 ", "model-vx"):
        assert released_version(tag) is None


def test_digests_come_back_as_they_were_written() -> None:
    digests = {"model.onnx": sha256("onnx"), "SOME FILE": sha256("file")}
    assert parse_digests(digests_text(digests), source="SHA256SUMS") == digests


@pytest.mark.parametrize("line", ["", "no digest  model.onnx", f"{sha256('a')}  ../model.onnx"])
def test_a_line_of_another_form_is_an_error(line: str) -> None:
    with pytest.raises(RecordError, match="SHA256SUMS"):
        parse_digests(f"{sha256('b')}  fine\n{line}\n", source="SHA256SUMS")
