"""Masks beside photographs, in the forms that people keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from pairs import picture, save
from unit.interchange.handmade import HEIGHT, WIDTH, bring, mask_file, mask_of, photo, window
from wms.core.errors import InputError


def alpha(path: Path) -> None:
    pixels = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    pixels[window()] = (0, 0, 0, 255)
    save(Image.fromarray(pixels), path)


def palette(path: Path) -> None:
    image = Image.fromarray(window().astype(np.uint8), mode="P")
    image.putpalette([0, 0, 0, 128, 0, 0])
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def colour(path: Path) -> None:
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[window()] = (220, 20, 60)
    save(Image.fromarray(pixels), path)


def bits(path: Path) -> None:
    save(Image.fromarray(window()), path)


MASKS: dict[str, Callable[[Path], object]] = {
    "0 and 255": mask_file,
    "0 and 1": lambda path: mask_file(path, inside=1),
    "0 and 128": lambda path: mask_file(path, inside=128),
    "1 and 2": lambda path: mask_file(path, inside=2, outside=1),
    "a colour on black": colour,
    "a palette": palette,
    "one bit": bits,
    "alpha": alpha,
}


@pytest.mark.parametrize("kind", MASKS)
def test_a_mask_of_one_class_is_the_window(kind: str, tmp_path: Path) -> None:
    photo(tmp_path / "set/images")
    MASKS[kind](tmp_path / "set/masks/m1.png")
    assert bring(tmp_path / "pairs", tmp_path / "set").form == "folders"
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())


def test_a_mask_that_was_saved_as_a_jpeg_is_thresholded(tmp_path: Path) -> None:
    photo(tmp_path / "set/images")
    mask_file(tmp_path / "set/masks/m1.jpg")
    bring(tmp_path / "pairs", tmp_path / "set")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("m1.jpg", "m1_mask.png"),
        ("m1.jpg", "m1.jpg.png"),
        ("m1.jpg", "mask_m1.png"),
        ("images/m1.jpg", "labels/m1.png"),
        ("images/m1.jpg", "annotations/m1.png"),
        ("train/images/m1.jpg", "train/masks/m1.png"),
        ("m1.jpg", "masks/m1-mask.png"),
        ("2024/JPEGImages/m1.JPG", "2024/gt/m1_gt.png"),
    ],
)
def test_names_that_belong_together(image: str, mask: str, tmp_path: Path) -> None:
    photo(tmp_path / "set", image)
    mask_file(tmp_path / "set" / mask)
    imported = bring(tmp_path / "pairs", tmp_path / "set")
    assert [item.pair for item in imported.items] == ["m1"]


def test_equal_names_in_two_folders_are_two_pairs(tmp_path: Path) -> None:
    for part, seed in (("train", 1), ("val", 2)):
        photo(tmp_path / f"set/{part}/images", seed=seed)
        mask_file(tmp_path / f"set/{part}/masks/m1.png")
    imported = bring(tmp_path / "pairs", tmp_path / "set")
    assert [item.pair for item in imported.items] == ["m1", "val-m1"]


def test_a_mask_of_several_classes_asks_for_one(tmp_path: Path) -> None:
    photo(tmp_path / "set/images")
    levels = window().astype(np.uint8) * 2
    levels[:5, :5] = 1
    save(Image.fromarray(levels), tmp_path / "set/masks/m1.png")
    with pytest.raises(InputError, match=r"value 1 .*value 2"):
        bring(tmp_path / "pairs", tmp_path / "set")
    bring(tmp_path / "pairs", tmp_path / "set", label="value 2")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())


def test_an_inverted_mask_is_turned_over_only_when_it_is_asked_for(tmp_path: Path) -> None:
    photo(tmp_path / "set/images")
    mask_file(tmp_path / "set/masks/m1.png", inside=0, outside=255)
    with pytest.raises(InputError, match="use --inverted"):
        bring(tmp_path / "pairs", tmp_path / "set")
    bring(tmp_path / "pairs", tmp_path / "set", inverted=True)
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())


def turned_back(mask: np.ndarray) -> np.ndarray:
    """What is stored of an upright mask with the EXIF orientation 6: shown turned by 90 degrees clockwise."""
    return np.rot90(mask)


def test_a_mask_on_the_photograph_before_its_rotation_is_turned(tmp_path: Path) -> None:
    save(picture(1, size=(HEIGHT, WIDTH)), tmp_path / "set/images/m1.jpg", orientation=6)
    mask_file(tmp_path / "set/masks/m1.png", turned_back(window()))
    imported = bring(tmp_path / "pairs", tmp_path / "set")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())
    assert imported.items[0].notes == ("drawn on the photograph before its EXIF rotation; turned",)


def test_a_masks_own_orientation_is_applied_where_it_alone_fits(tmp_path: Path) -> None:
    photo(tmp_path / "set/images")
    stored = Image.fromarray(turned_back(window()).astype(np.uint8) * 255)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    (tmp_path / "set/masks").mkdir()
    stored.save(tmp_path / "set/masks/m1.png", exif=exif)
    bring(tmp_path / "pairs", tmp_path / "set")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())


@pytest.mark.parametrize(("chosen", "told"), [("applied", np.rot90(window(), 2)), ("ignored", window())])
def test_a_masks_own_orientation_that_may_or_may_not_count_is_asked(
    chosen: str, told: np.ndarray, tmp_path: Path
) -> None:
    photo(tmp_path / "set/images")
    save(Image.fromarray(window()), tmp_path / "set/masks/m1.png", orientation=3)
    with pytest.raises(InputError, match="--mask-orientation"):
        bring(tmp_path / "pairs", tmp_path / "set")
    bring(tmp_path / "pairs", tmp_path / "set", mask_orientation=chosen)
    assert np.array_equal(mask_of(tmp_path / "pairs"), told)


def test_a_mask_of_another_size_is_a_fault_of_that_pair_alone(tmp_path: Path) -> None:
    for stem, size in (("m1", (HEIGHT, WIDTH)), ("m2", (HEIGHT // 2, WIDTH // 2))):
        photo(tmp_path / "set/images", f"{stem}.jpg")
        mask_file(tmp_path / f"set/masks/{stem}.png", window()[: size[0], : size[1]])
    imported = bring(tmp_path / "pairs", tmp_path / "set")
    assert [(item.pair, item.fault) for item in imported.items] == [("m1", False), (None, True)]
    assert "labelled at 80x60, the photograph is 160x120" in imported.items[1].notes[0]
    assert not (tmp_path / "pairs/masks/m2.png").exists()


def test_a_photograph_without_a_mask_is_listed_and_no_fault(tmp_path: Path) -> None:
    photo(tmp_path / "set/images")
    photo(tmp_path / "set/images", "m2.jpg", seed=2)
    mask_file(tmp_path / "set/masks/m1.png")
    imported = bring(tmp_path / "pairs", tmp_path / "set")
    assert [(item.outcome, item.fault) for item in imported.items] == [
        ("imported", False),
        ("left out", False),
    ]
    imported.require_all()


def test_leftovers_of_systems_are_ignored_and_named(tmp_path: Path) -> None:
    photo(tmp_path / "set/images")
    mask_file(tmp_path / "set/masks/m1.png")
    for name in ("__MACOSX/images/._m1.jpg", "images/Thumbs.db", "masks/m1 (Ola's conflicted copy 2026).png"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(b"x")
    imported = bring(tmp_path / "pairs", tmp_path / "set")
    assert (imported.pairs, len(imported.items)) == (1, 1)
    assert set(imported.ignored) == {
        "__MACOSX",
        "images/Thumbs.db",
        "masks/m1 (Ola's conflicted copy 2026).png",
    }
