"""Files that form no pair: each is named once, by the rule that tells what to do."""

import pytest

from wms.core.records.dataset import Finding
from wms.data.inspection.unpaired import Kind, UnpairedFile, unpaired_findings


def judge(*paths: str, kind: Kind = "file") -> dict[str, Finding]:
    return {
        found.file: found for found in unpaired_findings(UnpairedFile(path=path, kind=kind) for path in paths)
    }


def rules(*paths: str) -> dict[str, str]:
    return {file: found.rule for file, found in judge(*paths).items()}


def test_a_partner_is_missing() -> None:
    assert rules("00/images/a.jpg", "00/masks/b.png") == {
        "00/images/a.jpg": "missing-mask",
        "00/masks/b.png": "missing-image",
    }


def test_partners_on_different_branches_are_no_partners() -> None:
    assert rules("00/images/a.jpg", "01/masks/a.png") == {
        "00/images/a.jpg": "missing-mask",
        "01/masks/a.png": "missing-image",
    }


def test_two_masks_for_one_picture_are_named_on_all_three_files() -> None:
    assert set(rules("images/a.jpg", "masks/a.png", "masks/a.jpg").values()) == {"two-masks"}


def test_two_pictures_of_one_name_are_named_on_all_three_files() -> None:
    assert set(rules("images/a.jpg", "images/a.png", "masks/a.png").values()) == {"two-images"}


@pytest.mark.parametrize("twin", ["images/A.jpg", "images/a.JPG", "images/A.png"])
def test_names_that_differ_only_in_case_clash(twin: str) -> None:
    assert rules("images/a.jpg", twin)["images/a.jpg"] == "case-clash"


def test_names_that_differ_only_in_unicode_form_clash() -> None:
    assert set(rules("images/caf\u00e9.jpg", "images/cafe\u0301.jpg").values()) == {"case-clash"}


def test_partners_whose_names_differ_in_case_are_told_so() -> None:
    found = judge("images/a.jpg", "masks/A.png")
    assert {item.rule for item in found.values()} == {"case-clash"}
    assert "A.png" in found["images/a.jpg"].message


@pytest.mark.parametrize(
    ("kind", "rule"), [("symlink", "symlink"), ("other", "not-a-file"), ("folder", "wrong-place")]
)
def test_what_is_no_regular_file_is_named_by_what_it_is(kind: Kind, rule: str) -> None:
    assert judge("images/a.jpg", kind=kind)["images/a.jpg"].rule == rule


@pytest.mark.parametrize(
    ("path", "rule", "severity"),
    [
        ("images/a.webp", "wrong-type", "error"),
        ("masks/a.tif", "wrong-type", "error"),
        ("images/notes.txt", "not-an-image", "error"),
        ("images/noext", "not-an-image", "error"),
        ("a.jpg", "wrong-place", "error"),
        ("README.md", "ignored-file", "warning"),
        ("images/Thumbs.db", "ignored-file", "warning"),
        ("images/.DS_Store", "ignored-file", "warning"),
        ("images/._a.jpg", "ignored-file", "warning"),
        ("images/a\x1b[31m.jpg", "bad-name", "error"),
    ],
)
def test_a_file_that_is_no_candidate_is_judged_alone(path: str, rule: str, severity: str) -> None:
    (found,) = judge(path).values()
    assert (found.rule, found.severity) == (rule, severity)


def test_a_finding_shows_no_control_characters() -> None:
    (found,) = judge("images/a\x1b[31m.jpg").values()
    assert found.file == "images/a\\x1b[31m.jpg"
    assert "\x1b" not in found.message


def test_a_path_that_cannot_be_named_in_utf8_has_a_bad_name() -> None:
    assert judge("images/caf\\xe9.jpg", kind="absent")["images/caf\\xe9.jpg"].rule == "bad-name"


def test_a_pair_in_order_that_the_merge_could_not_read_is_unreadable() -> None:
    assert set(rules("images/a.jpg", "masks/a.png").values()) == {"unreadable"}
