"""The manifest: one canonical text, names unique to every file system, digests that mean the bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from factories import make_facts, make_finding, make_manifest
from wms.core.errors import RecordError
from wms.core.records.dataset import DatasetManifest, Sample, ValidationReport, samples_digest


def sample(stem: str, **changes: object) -> Sample:
    return Sample(**make_facts(stem).model_dump(), group="g", split="train", added_by="data/a").model_copy(
        update=changes
    )


@given(st.lists(st.text("abcäßé日_", min_size=1, max_size=8), max_size=8, unique_by=str.casefold))
def test_a_manifest_survives_being_written_and_read(stems: list[str]) -> None:
    manifest = DatasetManifest.of(sample(stem) for stem in stems)
    assert DatasetManifest.from_jsonl(manifest.to_jsonl(), source="m") == manifest


def test_a_manifest_is_one_sorted_line_a_sample() -> None:
    lines = DatasetManifest.of([sample("b"), sample("a")]).to_jsonl().decode().splitlines()
    assert [line.partition('"stem": ')[2][:3] for line in lines] == ['"a"', '"b"']


def test_the_manifest_of_nothing_is_empty_text() -> None:
    assert DatasetManifest.from_jsonl(b"", source="m") == DatasetManifest()


@pytest.mark.parametrize(("stem", "twin"), [("meter", "METER"), ("caf\u00e9", "cafe\u0301")])
def test_stems_that_differ_in_case_or_unicode_form_only_are_refused(stem: str, twin: str) -> None:
    with pytest.raises(ValidationError, match="share a stem"):
        DatasetManifest.of([sample(stem), sample(twin)])


def test_a_line_that_is_no_sample_is_named_by_its_number() -> None:
    data = DatasetManifest.of([sample("a")]).to_jsonl() + b'{"stem": "b"}\n'
    with pytest.raises(RecordError, match="line 2 is not a sample"):
        DatasetManifest.from_jsonl(data, source="manifest.jsonl")


def test_lines_out_of_order_are_refused() -> None:
    data = DatasetManifest.of([sample("b")]).to_jsonl() + DatasetManifest.of([sample("a")]).to_jsonl()
    with pytest.raises(RecordError, match="sorted"):
        DatasetManifest.from_jsonl(data, source="manifest.jsonl")


@pytest.mark.parametrize("part", ["image", "mask"])
def test_a_file_name_that_could_leave_the_dataset_is_refused(part: str) -> None:
    with pytest.raises(ValidationError, match="file name"):
        make_facts("a", **{part: "../evil.jpg"})


def test_a_splits_digest_changes_with_its_images_only() -> None:
    manifest = make_manifest(30)
    moved = [s.model_copy(update={"added_by": "x", "group": "y"}) for s in manifest.samples]
    other = [
        s.model_copy(update={"mask_sha256": "0" * 64}) if s.split == "test" else s for s in manifest.samples
    ]
    assert DatasetManifest.of(moved).split_digest("test") == manifest.split_digest("test")
    assert DatasetManifest.of(other).split_digest("test") != manifest.split_digest("test")
    assert DatasetManifest.of(other).split_digest("train") == manifest.split_digest("train")


def test_a_samples_digest_does_not_depend_on_their_order() -> None:
    samples = make_manifest(5).samples
    assert samples_digest(reversed(samples)) == samples_digest(samples)


@pytest.mark.parametrize(
    ("severity", "stem", "quarantined", "blocked"),
    [
        ("error", "a", (), True),
        ("warning", "a", (), False),
        ("error", "a", ("a",), False),
        ("error", "a", ("b",), True),
        ("error", None, ("images/a.jpg",), False),
    ],
)
def test_an_error_blocks_unless_it_is_set_aside(
    severity: str, stem: str | None, quarantined: tuple[str, ...], blocked: bool
) -> None:
    found = make_finding("images/a.jpg", stem=stem, severity=severity)
    report = ValidationReport(checked_pairs=1, findings=(found,), quarantined=quarantined)
    assert report.blocked == blocked
