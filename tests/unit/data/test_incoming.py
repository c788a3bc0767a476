"""Looking through an incoming folder: pairs by name, and all the rest accounted for."""

import os
from pathlib import Path

import pytest

from wms.data.incoming import scan


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")


def stems(root: Path, folder: str = ".") -> list[str]:
    return [pair.stem for pair in scan(root, folder).pairs]


def test_a_picture_and_a_mask_of_one_name_make_a_pair(tmp_path: Path) -> None:
    touch(tmp_path, "00/images/b.jpg", "00/masks/b.png", "00/images/a 1.JPEG", "00/masks/a 1.jpg")
    found = scan(tmp_path, "00")
    assert [(pair.stem, pair.image_source, pair.mask_source) for pair in found.pairs] == [
        ("a 1", "00/images/a 1.JPEG", "00/masks/a 1.jpg"),
        ("b", "00/images/b.jpg", "00/masks/b.png"),
    ]
    assert found.unpaired == ()


def test_the_folder_itself_may_be_the_source(tmp_path: Path) -> None:
    touch(tmp_path, "images/a.jpg", "masks/a.png")
    assert [pair.image_source for pair in scan(tmp_path, ".").pairs] == ["images/a.jpg"]
    assert [pair.image_source for pair in scan(tmp_path, "").pairs] == ["images/a.jpg"]


def test_two_spellings_of_one_letter_make_a_pair_under_the_composed_one(tmp_path: Path) -> None:
    touch(tmp_path, "images/cafe\u0301.jpg", "masks/caf\u00e9.png")
    assert stems(tmp_path) == ["caf\u00e9"]


@pytest.mark.parametrize(
    "paths",
    [
        ("images/a.jpg", "masks/A.png"),
        ("images/a.jpg", "masks/a.jpg", "masks/a.png"),
        ("images/a.jpg", "images/b.jpg"),
    ],
    ids=["names differ in case", "two masks", "no masks"],
)
def test_without_exactly_one_image_and_one_mask_there_is_no_pair(
    tmp_path: Path, paths: tuple[str, ...]
) -> None:
    touch(tmp_path, *paths)
    found = scan(tmp_path, ".")
    assert (found.pairs, found.unpaired) == ((), paths)


def test_an_empty_push_holds_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "images/.gitkeep", "masks/.gitkeep", ".gitignore")
    (tmp_path / "masks/empty/deeper").mkdir(parents=True)
    found = scan(tmp_path, ".")
    assert (found.pairs, found.unpaired) == ((), ())
    assert scan(tmp_path, "absent").pairs == ()


def test_unknown_folders_are_named_and_not_entered(tmp_path: Path) -> None:
    touch(tmp_path, "Images/a.jpg", "images/march/b.jpg", "images/march/c.jpg", "masks/b.png")
    assert scan(tmp_path, ".").unpaired == ("Images", "images/march", "masks/b.png")


def test_a_link_to_a_file_is_no_picture(tmp_path: Path) -> None:
    touch(tmp_path, "secret.jpg", "push/images/keep.jpg", "push/masks/a.png", "push/masks/keep.png")
    (tmp_path / "push/images/a.jpg").symlink_to(tmp_path / "secret.jpg")
    found = scan(tmp_path, "push")
    assert [pair.stem for pair in found.pairs] == ["keep"]
    assert found.unpaired == ("push/images/a.jpg", "push/masks/a.png")


def test_a_link_to_a_folder_is_not_entered(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/a.jpg", "push/masks/a.png")
    (tmp_path / "push/images").symlink_to(tmp_path / "elsewhere")
    assert scan(tmp_path, "push").unpaired == ("push/images", "push/masks/a.png")


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
