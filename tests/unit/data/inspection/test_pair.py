"""The rules that look at one pair, on real files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageFilter

from pairs import SETTINGS, SIZE, mask, picture, save
from wms.core.files import sha256_file
from wms.core.records.dataset import Finding, IncomingPair
from wms.data.inspection.pair import Inspection, inspect_pair

POLICY = SETTINGS.validation


def inspect(folder: Path, image: Path, mask: Path) -> Inspection:
    pair = IncomingPair(
        stem="a",
        image=f"a{image.suffix}",
        mask=f"a{mask.suffix}",
        image_source=str(image.relative_to(folder)),
        mask_source=str(mask.relative_to(folder)),
        image_sha256=sha256_file(image),
        mask_sha256=sha256_file(mask),
        branch="data/a",
    )
    return inspect_pair(pair, incoming=folder, policy=POLICY)


def inspect_mask(folder: Path, drawn: Image.Image, name: str = "a.png") -> Inspection:
    return inspect(folder, save(picture(1), folder / "images/a.jpg"), save(drawn, folder / "masks" / name))


def inspect_picture(folder: Path, image: Image.Image, name: str = "a.jpg") -> Inspection:
    return inspect(folder, save(image, folder / "images" / name), save(mask(), folder / "masks/a.png"))


def rules(inspection: Inspection) -> list[tuple[str, str]]:
    return [(found.severity, found.rule) for found in inspection.findings]


def only(inspection: Inspection) -> Finding:
    (found,) = inspection.findings
    return found


def test_an_ordinary_pair_has_no_findings_and_its_facts(tmp_path: Path) -> None:
    inspection = inspect_mask(tmp_path, mask(share=0.05))
    assert inspection.findings == ()
    assert inspection.facts is not None
    assert (inspection.facts.width_px, inspection.facts.height_px) == SIZE
    assert inspection.facts.foreground_share == pytest.approx(0.05, rel=0.1)


def patch(level: int) -> Image.Image:
    """A second class, painted at another level over half of the window."""
    drawn = np.asarray(mask(share=0.1)).copy()
    half = drawn[: SIZE[1] // 2]
    half[half > 0] = level
    return Image.fromarray(drawn)


def framed(drawn: Image.Image) -> Image.Image:
    full = Image.new("L", drawn.size, 255)
    full.paste(0, (0, 0, drawn.width, 4))
    full.paste(0, (0, 0, 4, drawn.height))
    return full


MASK_FAULTS: dict[str, tuple[Callable[[Image.Image], Image.Image], str]] = {
    "black": (lambda drawn: Image.new("L", drawn.size, 0), "empty-mask"),
    "white": (lambda drawn: Image.new("L", drawn.size, 255), "full-mask"),
    "white but for a frame on two sides": (framed, "full-mask"),
    "inverted": (ImageChops.invert, "inverted-mask"),
    "a few pixels": (lambda drawn: mask(share=0.00012), "sparse-mask"),
    "blurred": (lambda drawn: drawn.filter(ImageFilter.GaussianBlur(6)), "grey-mask"),
    "two classes": (lambda drawn: patch(128), "grey-mask"),
    "zeros and ones": (lambda drawn: drawn.point(lambda level: level // 255), "unscaled-mask"),
    "class numbers": (lambda drawn: drawn.point(lambda level: level // 85), "unscaled-mask"),
}


@pytest.mark.parametrize("case", MASK_FAULTS)
def test_a_mask_that_cannot_be_used_is_one_error(tmp_path: Path, case: str) -> None:
    change, rule = MASK_FAULTS[case]
    found = only(inspect_mask(tmp_path, change(mask())))
    assert (found.severity, found.rule, found.file) == ("error", rule, "masks/a.png")


def test_the_ringing_of_a_jpeg_is_a_warning(tmp_path: Path) -> None:
    inspection = inspect_mask(tmp_path, mask(), "a.jpg")
    assert rules(inspection) == [("warning", "jpeg-mask")]
    assert inspection.facts is not None
    assert inspection.facts.foreground_share == pytest.approx(0.03, rel=0.1)


def test_the_noise_of_a_jpeg_is_no_unscaled_mask(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 3, (SIZE[1], SIZE[0]), dtype=np.uint8)
    assert only(inspect_mask(tmp_path, Image.fromarray(noise), "a.jpg")).rule == "empty-mask"


def test_an_edge_smoothed_by_resizing_is_a_warning(tmp_path: Path) -> None:
    large = mask(size=(SIZE[0] * 3, SIZE[1] * 3))
    smooth = large.resize(SIZE, Image.Resampling.BILINEAR)
    assert rules(inspect_mask(tmp_path, smooth)) == [("warning", "jpeg-mask")]


def test_a_mask_of_another_shape_is_an_error(tmp_path: Path) -> None:
    found = only(inspect_mask(tmp_path, mask(size=(150, 120))))
    assert found.rule == "size-mismatch"
    assert "it is 150x120, its image 160x120" in found.message
    assert "another image" in found.message


def test_a_scaled_mask_is_told_the_size_it_needs(tmp_path: Path) -> None:
    found = only(inspect_mask(tmp_path, mask(size=(320, 240))))
    assert found.rule == "size-mismatch"
    assert "160x120" in found.remedy


def test_a_mask_on_its_side_is_named_as_such(tmp_path: Path) -> None:
    found = only(inspect_mask(tmp_path, mask(size=SIZE[::-1])))
    assert found.rule == "size-mismatch"
    assert "rotated by 90 degrees" in found.message


def test_a_mask_that_fits_only_the_unrotated_picture_is_named_as_such(tmp_path: Path) -> None:
    image = save(picture(1), tmp_path / "images/a.jpg", orientation=6)
    found = only(inspect(tmp_path, image, save(mask(), tmp_path / "masks/a.png")))
    assert (found.severity, found.rule) == ("error", "unrotated-mask")
    assert "orientation 6" in found.message


def test_a_mask_that_fits_the_upright_picture_is_right(tmp_path: Path) -> None:
    image = save(picture(1), tmp_path / "images/a.jpg", orientation=6)
    inspection = inspect(tmp_path, image, save(mask(size=SIZE[::-1]), tmp_path / "masks/a.png"))
    assert inspection.findings == ()
    assert inspection.facts is not None
    assert (inspection.facts.orientation, inspection.facts.width_px) == (6, SIZE[1])


def test_a_masks_own_orientation_is_a_warning(tmp_path: Path) -> None:
    drawn = save(mask(), tmp_path / "masks/a.png", orientation=6)
    inspection = inspect(tmp_path, save(picture(1), tmp_path / "images/a.jpg"), drawn)
    assert rules(inspection) == [("warning", "mask-orientation")]


def test_a_picture_without_colour_is_a_warning(tmp_path: Path) -> None:
    assert rules(inspect_picture(tmp_path, picture(1).convert("L"))) == [("warning", "greyscale")]


def test_transparent_pixels_are_a_warning(tmp_path: Path) -> None:
    hiding = picture(1).convert("RGBA")
    hiding.putalpha(100)
    assert rules(inspect_picture(tmp_path, hiding, "a.png")) == [("warning", "see-through")]


def test_cmyk_is_an_error(tmp_path: Path) -> None:
    inspection = inspect_picture(tmp_path, picture(1).convert("CMYK"))
    assert rules(inspection) == [("error", "cmyk")]
    assert inspection.facts is None


def test_sixteen_bits_are_an_error_in_a_mask(tmp_path: Path) -> None:
    assert rules(inspect_mask(tmp_path, Image.new("I;16", SIZE, 65_535))) == [("error", "deep-pixels")]


def test_a_png_named_jpg_is_a_warning(tmp_path: Path) -> None:
    png = save(picture(1), tmp_path / "images/a.png")
    inspection = inspect(
        tmp_path, png.rename(png.with_suffix(".JPG")), save(mask(), tmp_path / "masks/a.png")
    )
    assert rules(inspection) == [("warning", "misnamed")]


def test_both_files_of_a_pair_are_looked_at_though_the_first_is_broken(tmp_path: Path) -> None:
    image = save(picture(1), tmp_path / "images/a.jpg")
    image.write_bytes(image.read_bytes()[:-300])
    inspection = inspect(tmp_path, image, save(Image.new("L", SIZE, 0), tmp_path / "masks/a.png"))
    assert rules(inspection) == [("error", "truncated"), ("error", "empty-mask")]
    assert inspection.findings[0].remedy == "Copy the file again from its source."
