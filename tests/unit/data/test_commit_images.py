"""Which files of commits are images, where they belong, and how they get out of a branch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wms.core.errors import InputError
from wms.core.records.commits import LocalCommit, LocalCommits
from wms.data.commit_images import branch_name_of, commands_to_separate, images_of, is_image, places_of

IMAGE = "WMS/data/incoming/images/a.jpg"


def commits(
    *written: tuple[str, ...], removed: tuple[str, ...] = (), branch: str | None = "main"
) -> LocalCommits:
    return LocalCommits(
        base="b" * 40,
        tip="a" * 40,
        at=datetime(2026, 11, 23, 8, 5, 9, tzinfo=UTC),
        branch=branch,
        checked_out=True,
        commits=tuple(
            LocalCommit(sha=f"{number:040x}", written=paths, removed=removed)
            for number, paths in enumerate(written)
        ),
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("WMS/data/incoming/images/a.jpg", True),
        ("WMS/data/incoming/notes.txt", True),
        ("WMS/data/incoming/images/.gitkeep", False),
        ("photos/IMG_1.HEIC", True),
        ("a.JPEG", True),
        ("docs/screen.png", False),
        ("documents/screen.png", True),
        ("tests/golden/a.jpg", False),
        ("WMS/src/wms/serve/icon.png", False),
        ("WMS/data/training/images/a.jpg", True),
        ("train.py", False),
    ],
)
def test_what_is_an_image(path: str, expected: bool) -> None:
    assert is_image(path) == expected


def test_the_folder_says_what_an_image_is() -> None:
    assert places_of(["WMS/data/incoming/images/a b.jpg", "WMS/data/training/masks/ż.PNG"]) == {
        "WMS/data/incoming/images/a b.jpg": "images/a b.jpg",
        "WMS/data/training/masks/ż.PNG": "masks/ż.PNG",
    }


@pytest.mark.parametrize(
    "paths",
    [
        ["photos/a.jpg"],
        ["WMS/data/incoming/a.jpg"],
        ["images/a.heic"],
        ["one/images/a.jpg", "two/images/a.jpg"],
    ],
    ids=["no part", "beside the parts", "a type that is refused", "two for one place"],
)
def test_an_image_without_a_clear_place_is_named(paths: list[str]) -> None:
    with pytest.raises(InputError, match=f"place of 1 image;.*\n  {paths[-1]}$"):
        places_of(paths)


def test_of_many_misplaced_images_some_are_named() -> None:
    with pytest.raises(InputError, match="place of 12 images") as caught:
        places_of([f"photos/{number}.jpg" for number in range(12)])
    assert str(caught.value).count(".jpg") == 10
    assert str(caught.value).endswith("and 2 more")


def test_only_the_commits_that_wrote_images_carry_them() -> None:
    found = images_of(commits(("train.py",), (IMAGE,)))
    assert found.carriers == (f"{1:040x}",)
    assert found.others


@pytest.mark.parametrize(
    ("removed", "others"), [((), False), (("WMS/data/incoming/images/b.jpg",), False), (("old.py",), True)]
)
def test_only_code_is_another_change(removed: tuple[str, ...], others: bool) -> None:
    assert images_of(commits((IMAGE,), removed=removed)).others == others


def test_many_images_are_removed_by_few_words() -> None:
    local = commits(
        ("WMS/data/incoming/images/a.jpg", "WMS/data/incoming/masks/a.png", "p [1]/images/b c.jpg", "d.jpg")
    )
    assert commands_to_separate(local, images_of(local), remote="origin") == (
        f"git reset --soft {'b' * 12}",
        r"git restore --staged -- WMS/data/incoming d.jpg 'p \[1]/images/*.jpg'",
    )


def test_the_name_is_the_commit_s_time_and_the_content() -> None:
    assert branch_name_of(commits(), "1a2b3c4d") == "data/20261123-080509-1a2b3c4d"
