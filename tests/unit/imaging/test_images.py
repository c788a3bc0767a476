"""Reading image files: upright, RGB, boolean masks, and refusals in words."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pairs import deep_png, mask, picture, repeated_scans, save
from wms.core.errors import ImageError
from wms.data.rules import RULES
from wms.imaging.files import MAX_FILE_BYTES, read_image, read_mask
from wms.synth.faults import huge_png


def corners() -> Image.Image:
    """Red, green, blue and white quarters, 64 wide and 48 high: every orientation looks different."""
    array = np.full((48, 64, 3), 255, np.uint8)
    array[:24, :32], array[:24, 32:], array[24:, :32] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return Image.fromarray(array)


STORED_FROM_UPRIGHT = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: np.rot90(upright.transpose(1, 0, 2), 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_read_upright(tmp_path: Path, orientation: int) -> None:
    upright = np.asarray(corners())
    stored = Image.fromarray(np.ascontiguousarray(STORED_FROM_UPRIGHT[orientation](upright)))
    path = save(stored, tmp_path / "a.png", orientation=orientation)
    np.testing.assert_array_equal(read_image(path), upright)


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_invalid_orientation_means_upright(tmp_path: Path, orientation: int) -> None:
    path = save(corners(), tmp_path / "a.png", orientation=orientation)
    np.testing.assert_array_equal(read_image(path), np.asarray(corners()))


def test_a_damaged_exif_block_means_upright(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    corners().save(path, exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f")
    np.testing.assert_array_equal(read_image(path), np.asarray(corners()))


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA"])
def test_other_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    path = save(corners().convert(mode), tmp_path / "a.png")
    read = read_image(path)
    assert (read.shape, read.dtype) == ((48, 64, 3), np.uint8)
    assert tuple(read[-1, -1]) == (255, 255, 255)


def test_see_through_pixels_are_white_in_images_and_black_in_masks(tmp_path: Path) -> None:
    path = save(Image.new("RGBA", (64, 64), (200, 200, 200, 0)), tmp_path / "a.png")
    assert (read_image(path) == 255).all()
    assert not read_mask(path, threshold=127).any()


def test_a_colour_key_is_see_through_too(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (64, 64), 10).save(path, transparency=10)
    assert (read_image(path) == 255).all()


def test_a_mask_is_true_above_the_threshold_only(tmp_path: Path) -> None:
    path = save(Image.fromarray(np.array([[0, 127], [128, 255]], np.uint8)), tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(path, threshold=127), [[False, False], [True, True]])


def test_a_masks_orientation_is_not_applied(tmp_path: Path) -> None:
    drawn = mask(size=(64, 48))
    path = save(drawn, tmp_path / "m.png", orientation=6)
    np.testing.assert_array_equal(read_mask(path, threshold=127), np.asarray(drawn) > 127)


def test_a_one_bit_mask_is_read(tmp_path: Path) -> None:
    path = save(mask().convert("1"), tmp_path / "m.png")
    np.testing.assert_array_equal(read_mask(path, threshold=127), np.asarray(mask()) > 127)


def encoded(image: Image.Image, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


JPEG = encoded(picture(1))
PNG = encoded(picture(1), "PNG")

REFUSED = {
    "half a jpeg": (JPEG[: len(JPEG) // 2], "truncated", "cut off or damaged"),
    "a jpeg copied in full length but only half": (
        JPEG[: len(JPEG) // 2] + bytes(len(JPEG) // 2),
        "truncated",
        "cut off or damaged",
    ),
    "a jpeg without its last bytes": (JPEG[:-2], "truncated", "cut off or damaged"),
    "half a png": (PNG[: len(PNG) // 2], "truncated", "cut off or damaged"),
    "a png's first bytes": (PNG[:20], "truncated", "starts like a PNG"),
    "a zip": (b"PK\x03\x04" + bytes(200), "wrong-type", "a ZIP archive"),
    "a gif": (encoded(picture(1), "GIF"), "wrong-type", "a GIF image"),
    "a webp": (encoded(picture(1), "WEBP"), "wrong-type", "a WebP image"),
    "a tiff": (encoded(picture(1), "TIFF"), "wrong-type", "a TIFF image"),
    "a pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\n", "wrong-type", "Git LFS"),
    "nothing": (b"", "not-an-image", "nothing (0 bytes)"),
    "zeros": (bytes(900), "not-an-image", "zeros"),
    "text": (b"see the other phone", "not-an-image", "text"),
    "noise": (b"\x07\x90\xfe" * 90, "not-an-image", "no known type"),
    "81 megapixels": (huge_png(9000), "too-large", "9000x9000, more than 80 megapixels"),
    "a bomb": (huge_png(30_000), "too-large", "more than 80 megapixels and is not opened"),
    "cmyk": (encoded(picture(1).convert("CMYK")), "cmyk", "CMYK"),
    "16 bits": (encoded(Image.new("I;16", (64, 64), 40_000), "PNG"), "deep-pixels", "more than 8 bits"),
    "16 bits and colours": (deep_png(8), "deep-pixels", "more than 8 bits"),
    "progressive scans": (repeated_scans(picture(1), 100, progressive=True), "truncated", "110 scans"),
    "plain scans": (repeated_scans(picture(1), 100, progressive=False), "truncated", "101 scans"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_in_words(tmp_path: Path, case: str) -> None:
    data, rule, says = REFUSED[case]
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    for read in (read_image, lambda path: read_mask(path, threshold=127)):
        with pytest.raises(ImageError) as refusal:
            read(path)
        assert refusal.value.rule == rule
        assert says in str(refusal.value)
        assert str(path) in str(refusal.value)


def test_every_refusal_is_a_rule_of_validation() -> None:
    assert {rule for _, rule, _ in REFUSED.values()} <= set(RULES)


def test_a_file_that_is_not_there_is_an_image_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file") as refusal:
        read_image(tmp_path / "a.jpg")
    assert refusal.value.rule == "unreadable"


def test_a_file_too_large_to_read_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(ImageError, match="MiB") as refusal:
        read_image(path)
    assert refusal.value.rule == "too-large"


def test_a_refusal_survives_being_sent_between_processes() -> None:
    error = ImageError("cut off", rule="truncated", remedy="Copy it again.")
    received = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own object
    assert (str(received), received.rule, received.remedy) == ("cut off", "truncated", "Copy it again.")
