"""Files that form no pair: each is named once, by the rule that tells what to do."""

import pytest

from wms.core.records.dataset import Finding
from wms.data.inspection.unpaired import Kind, UnpairedFile, unpaired_findings


def judge(*paths: str, kind: Kind = "file") -> dict[str, Finding]:
    return {
        found.file: found for found in unpaired_findings(UnpairedFile(path=path, kind=kind) for path in paths)
    }


@pytest.mark.parametrize(
    ("paths", "rules"),
    [
        (("00/images/a.jpg", "00/masks/b.png"), ("missing-mask", "missing-image")),
        (("00/images/a.jpg", "01/masks/a.png"), ("missing-mask", "missing-image")),
        (("images/a.jpg", "masks/a.png", "masks/a.jpg"), ("two-masks",) * 3),
        (("images/a.jpg", "images/a.png", "masks/a.png"), ("two-images",) * 3),
        (("images/a.jpg", "images/A.jpg"), ("case-clash",) * 2),
        (("images/a.jpg", "images/a.JPG"), ("case-clash",) * 2),
        (("images/a.jpg", "images/A.png"), ("case-clash",) * 2),
        (("images/caf\u00e9.jpg", "images/cafe\u0301.jpg"), ("case-clash",) * 2),
        (("images/a.jpg", "masks/A.png"), ("case-clash",) * 2),
        (("images/a.jpg", "masks/a.png"), ("unreadable",) * 2),
    ],
    ids=[
        "no partner",
        "partners on different branches",
        "two masks",
        "two images",
        "two names, by case",
        "two suffixes, by case",
        "two suffixes and cases",
        "two names, by Unicode form",
        "partners differ in case",
        "the merge could not read them",
    ],
)
def test_candidates_are_judged_by_their_name_and_place(
    paths: tuple[str, ...], rules: tuple[str, ...]
) -> None:
    found = judge(*paths)
    assert tuple(found[path].rule for path in paths) == rules


def test_partners_whose_names_differ_in_case_are_told_each_other() -> None:
    assert "A.png" in judge("images/a.jpg", "masks/A.png")["images/a.jpg"].message


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("symlink", "symlink"), ("other", "not-a-file"), ("folder", "wrong-place"), ("absent", "bad-name")],
)
def test_what_is_no_regular_file_is_named_by_what_it_is(kind: Kind, rule: str) -> None:
    assert judge("images/a.jpg", kind=kind)["images/a.jpg"].rule == rule


@pytest.mark.parametrize("path", ["__MACOSX", "images/@eaDir", ".Spotlight-V100", ".Trashes", "$RECYCLE.BIN"])
def test_a_folder_that_a_system_left_behind_does_not_block(path: str) -> None:
    (found,) = judge(path, kind="folder").values()
    assert (found.rule, found.severity) == ("ignored-file", "warning")


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
        ("images/~$notes.docx", "ignored-file", "warning"),
        ("masks/.directory", "ignored-file", "warning"),
        ("images/a.sync-conflict-20261130-040506-ABCDEFG.jpg", "conflict-copy", "warning"),
        ("masks/a (Ola's conflicted copy 2026-11-30).png", "conflict-copy", "warning"),
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
