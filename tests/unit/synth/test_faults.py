import zipfile
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps, UnidentifiedImageError

from wms.synth.faults import RULES, Fault, write_broken_pairs
from wms.synth.hugepng import huge_png

Push = tuple[Path, dict[str, Fault]]


@pytest.fixture(scope="module")
def push(tmp_path_factory: pytest.TempPathFactory) -> Push:
    out = tmp_path_factory.mktemp("broken")
    return out, {fault.rule: fault for fault in write_broken_pairs(out, seed=5)}


def files(push: Push, rule: str) -> list[Path]:
    return [push[0] / name for name in push[1][rule].files]


def photo_and_mask(push: Push, rule: str) -> tuple[Image.Image, np.ndarray]:
    photo, mask = files(push, rule)
    return ImageOps.exif_transpose(Image.open(photo)), np.asarray(Image.open(mask))


def test_every_rule_is_broken_once_and_every_file_accounted_for(push: Push) -> None:
    out, faults = push
    assert set(faults) >= set(RULES) - {"case-clash"}
    noted = {name for fault in faults.values() for name in fault.files}
    assert noted == {str(path.relative_to(out)) for path in out.rglob("*") if not path.is_dir()}


def test_the_same_seed_breaks_the_same_bytes(push: Push, tmp_path: Path) -> None:
    write_broken_pairs(tmp_path, seed=5)
    for path in push[0].rglob("*.*"):
        assert (tmp_path / path.relative_to(push[0])).read_bytes() == path.read_bytes()


def test_a_fault_names_one_file_to_look_at(push: Push) -> None:
    faults = push[1]
    assert faults["missing-image"].file == "masks/broken_5_missing-image.png"
    assert faults["duplicate"].file == "images/broken_5_duplicate_2.jpg"
    assert faults["symlink"].file == "images/broken_5_symlink.jpg"


def test_a_partner_is_missing(push: Push) -> None:
    assert [path.parent.name for path in files(push, "missing-mask")] == ["images"]
    assert [path.parent.name for path in files(push, "missing-image")] == ["masks"]


def test_a_zip_is_called_jpg(push: Push) -> None:
    assert zipfile.is_zipfile(files(push, "wrong-type")[0])


def test_a_text_file_is_called_png(push: Push) -> None:
    with pytest.raises(UnidentifiedImageError):
        Image.open(files(push, "not-an-image")[0])


def test_half_a_jpeg_opens_but_does_not_load(push: Push) -> None:
    image = Image.open(files(push, "truncated")[0])
    with pytest.raises(OSError, match="truncated"):
        image.load()


def test_the_bomb_is_small_on_disk_and_huge_in_pixels(push: Push, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    bomb = files(push, "too-large")[0]
    assert Image.open(bomb).size == (30_000, 30_000)
    assert bomb.stat().st_size < 500_000


def test_the_bombs_maker_writes_pixels_that_decode(tmp_path: Path) -> None:
    file = tmp_path / "small.png"
    file.write_bytes(huge_png(130))
    image = Image.open(file)
    assert image.size == (130, 130)
    assert not np.asarray(image).any()


def test_the_mask_of_another_size_fits_in_no_orientation(push: Push) -> None:
    photo, mask = photo_and_mask(push, "size-mismatch")
    assert mask.shape not in (photo.size, photo.size[::-1])


def test_the_unrotated_mask_fits_the_stored_pixels_only(push: Push) -> None:
    photo, mask = photo_and_mask(push, "unrotated-mask")
    raw = Image.open(files(push, "unrotated-mask")[0])
    assert mask.shape == raw.size[::-1]
    assert raw.size != photo.size


def test_the_grey_mask_has_more_than_an_edge_of_grey(push: Push) -> None:
    _, mask = photo_and_mask(push, "grey-mask")
    assert ((mask > 32) & (mask < 223)).mean() > 0.05


def test_masks_are_empty_inverted_and_nearly_full(push: Push) -> None:
    _, empty = photo_and_mask(push, "empty-mask")
    _, inverted = photo_and_mask(push, "inverted-mask")
    _, full = photo_and_mask(push, "full-mask")
    assert not empty.any()
    assert inverted[0].all()
    assert 0.9 < (inverted > 0).mean() < 1
    assert not full[0].any()
    assert (full > 0).mean() > 0.75


def test_one_picture_has_two_masks(push: Push) -> None:
    names = [path.suffix for path in files(push, "two-masks") if path.parent.name == "masks"]
    assert sorted(names) == [".jpg", ".png"]


def test_the_duplicate_has_the_same_bytes(push: Push) -> None:
    first, first_mask, second, second_mask = files(push, "duplicate")
    assert first.read_bytes() == second.read_bytes()
    assert first_mask.read_bytes() == second_mask.read_bytes()


def test_the_near_duplicate_has_other_bytes_and_a_near_hash(push: Push) -> None:
    first, _, second, second_mask = files(push, "near-duplicate")
    assert Image.open(first).size != Image.open(second).size
    assert Image.open(second).size == Image.open(second_mask).size
    assert imagehash.phash(Image.open(first)) - imagehash.phash(Image.open(second)) <= 4


def test_stems_that_clash_differ_in_case_only(push: Push) -> None:
    if "case-clash" not in push[1]:
        pytest.skip("this file system cannot tell upper from lower case")
    first, second = push[1]["case-clash"].stems
    assert first != second
    assert first.casefold() == second.casefold()


def test_a_photo_is_a_link_to_one_that_is_there(push: Push) -> None:
    links = [path for path in files(push, "symlink") if path.is_symlink()]
    assert len(links) == 1
    assert links[0].is_file()


def test_a_name_holds_a_control_character(push: Push) -> None:
    assert all("\x1b" in path.name for path in files(push, "bad-name"))
