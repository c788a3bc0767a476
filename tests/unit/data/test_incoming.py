"""Looking through an incoming folder: pairs by name, and all the rest accounted for."""

import os
from pathlib import Path

import pytest

from wms.data.incoming import scan


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")


def test_an_image_and_a_mask_of_one_name_make_a_pair(tmp_path: Path) -> None:
    touch(tmp_path, "00/images/b.jpg", "00/masks/b.png", "00/images/a 1.JPEG", "00/masks/a 1.jpg")
    found = scan(tmp_path, "00")
    assert [(pair.stem, pair.image_source, pair.mask_source) for pair in found.pairs] == [
        ("a 1", "00/images/a 1.JPEG", "00/masks/a 1.jpg"),
        ("b", "00/images/b.jpg", "00/masks/b.png"),
    ]
    assert found.unpaired == ()


def test_the_folder_itself_may_be_the_source_and_a_letter_may_have_two_spellings(tmp_path: Path) -> None:
    touch(tmp_path, "images/cafe\u0301.jpg", "masks/caf\u00e9.png")
    (pair,) = scan(tmp_path, ".").pairs
    assert (pair.stem, pair.mask_source) == ("caf\u00e9", "masks/caf\u00e9.png")


def test_a_conflict_copy_does_not_disturb_its_pair(tmp_path: Path) -> None:
    copy = "images/a.sync-conflict-20261130-040506-ABCDEFG.jpg"
    touch(tmp_path, "images/a.jpg", "masks/a.png", copy, "__MACOSX/images/._a.jpg")
    found = scan(tmp_path, ".")
    assert [pair.stem for pair in found.pairs] == ["a"]
    assert found.unpaired == ("__MACOSX", copy)


def test_an_empty_push_holds_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "images/.gitkeep", "masks/.gitkeep", ".gitignore")
    (tmp_path / "masks/empty/deeper").mkdir(parents=True)
    for folder in (".", "absent"):
        found = scan(tmp_path, folder)
        assert (found.pairs, found.unpaired) == ((), ())


@pytest.mark.parametrize(
    ("files", "unpaired"),
    [
        (("images/a.jpg", "masks/A.png"), ("images/a.jpg", "masks/A.png")),
        (
            ("images/a.jpg", "masks/a.jpg", "masks/a.png"),
            ("images/a.jpg", "masks/a.jpg", "masks/a.png"),
        ),
        (("images/a.jpg", "images/b.jpg"), ("images/a.jpg", "images/b.jpg")),
        (
            ("Images/a.jpg", "images/march/b.jpg", "images/march/c.jpg", "masks/b.png"),
            ("Images", "images/march", "masks/b.png"),
        ),
    ],
    ids=["names differ in case", "two masks", "no masks", "unknown folders are not entered"],
)
def test_what_forms_no_pair_is_named(
    tmp_path: Path, files: tuple[str, ...], unpaired: tuple[str, ...]
) -> None:
    touch(tmp_path, *files)
    found = scan(tmp_path, ".")
    assert (found.pairs, found.unpaired) == ((), unpaired)


@pytest.mark.parametrize("linked", ["images/a.jpg", "images"])
def test_a_link_is_not_followed(tmp_path: Path, linked: str) -> None:
    touch(tmp_path, "secret/a.jpg", "push/masks/a.png", *(["push/images/x.txt"] if "/" in linked else []))
    (tmp_path / "push" / linked).symlink_to(tmp_path / "secret" / linked.partition("/")[2])
    found = scan(tmp_path, "push")
    assert found.pairs == ()
    assert f"push/{linked}" in found.unpaired
    assert "push/masks/a.png" in found.unpaired


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    touch(tmp_path, "masks/a.png")
    (tmp_path / "images").mkdir()
    os.mkfifo(tmp_path / "images/a.jpg")
    assert scan(tmp_path, ".").unpaired == ("images/a.jpg", "masks/a.png")


def test_a_name_that_is_not_utf8_is_accounted_for(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "images")
    os.mkdir(folder)  # noqa: PTH102 - pathlib takes no bytes
    with open(folder + b"/caf\xe9.jpg", "wb"):  # noqa: PTH123
        pass
    assert scan(tmp_path, ".").unpaired == ("images/caf\\xe9.jpg",)
