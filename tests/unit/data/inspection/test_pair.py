"""The rules that look at one pair, on real files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageFilter

from pairs import SETTINGS, SIZE, mask, picture, save
from wms.core.files import sha256_file
from wms.core.records.dataset import IncomingPair
from wms.data.inspection.pair import Inspection, inspect_pair


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
    return inspect_pair(pair, incoming=folder, policy=SETTINGS.validation)


def inspect_mask(
    folder: Path, drawn: Image.Image, name: str = "a.png", *, orientation: int | None = None
) -> Inspection:
    image = save(picture(1), folder / "images/a.jpg", orientation=orientation)
    return inspect(folder, image, save(drawn, folder / "masks" / name))


def inspect_image(folder: Path, image: Image.Image, name: str = "a.jpg") -> Inspection:
    return inspect(folder, save(image, folder / "images" / name), save(mask(), folder / "masks/a.png"))


def rules(inspection: Inspection) -> list[tuple[str, str]]:
    return [(found.severity, found.rule) for found in inspection.findings]


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
    "sixteen bits": (lambda drawn: Image.new("I;16", drawn.size, 65_535), "deep-pixels"),
}


@pytest.mark.parametrize("case", MASK_FAULTS)
def test_a_mask_that_cannot_be_used_is_one_error(tmp_path: Path, case: str) -> None:
    change, rule = MASK_FAULTS[case]
    (found,) = inspect_mask(tmp_path, change(mask())).findings
    assert (found.severity, found.rule, found.file) == ("error", rule, "masks/a.png")


@pytest.mark.parametrize(
    ("drawn", "name"),
    [
        (mask(), "a.jpg"),
        (mask(size=(SIZE[0] * 3, SIZE[1] * 3)).resize(SIZE, Image.Resampling.BILINEAR), "a.png"),
    ],
    ids=["ringing of a JPEG", "edge smoothed by resizing"],
)
def test_soft_edges_of_a_mask_are_a_warning(tmp_path: Path, drawn: Image.Image, name: str) -> None:
    inspection = inspect_mask(tmp_path, drawn, name)
    assert rules(inspection) == [("warning", "jpeg-mask")]
    assert inspection.facts is not None
    assert inspection.facts.foreground_share == pytest.approx(0.03, rel=0.1)


def test_the_noise_of_a_jpeg_is_no_unscaled_mask(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 3, (SIZE[1], SIZE[0]), dtype=np.uint8)
    assert rules(inspect_mask(tmp_path, Image.fromarray(noise), "a.jpg")) == [("error", "empty-mask")]


@pytest.mark.parametrize(
    ("size", "orientation", "rule", "message"),
    [
        (
            (150, 120),
            None,
            "size-mismatch",
            "it is 150x120, its image 160x120: is it the mask of another",
        ),
        ((320, 240), None, "size-mismatch", "its image 160x120, with the same shape: scale it back"),
        (SIZE[::-1], None, "size-mismatch", "rotated by 90 degrees"),
        (SIZE, 6, "unrotated-mask", "orientation 6"),
    ],
    ids=["another shape", "scaled", "on its side", "fits the unrotated image"],
)
def test_a_mask_of_another_size_is_an_error_with_the_likely_cause(
    tmp_path: Path, size: tuple[int, int], orientation: int | None, rule: str, message: str
) -> None:
    (found,) = inspect_mask(tmp_path, mask(size=size), orientation=orientation).findings
    assert (found.severity, found.rule) == ("error", rule)
    assert message in found.message


def test_a_mask_that_fits_the_upright_image_is_right(tmp_path: Path) -> None:
    inspection = inspect_mask(tmp_path, mask(size=SIZE[::-1]), orientation=6)
    assert inspection.findings == ()
    assert inspection.facts is not None
    assert (inspection.facts.orientation, inspection.facts.width_px) == (6, SIZE[1])


def test_a_masks_own_orientation_is_a_warning(tmp_path: Path) -> None:
    drawn = save(mask(), tmp_path / "masks/a.png", orientation=6)
    inspection = inspect(tmp_path, save(picture(1), tmp_path / "images/a.jpg"), drawn)
    assert rules(inspection) == [("warning", "mask-orientation")]


def transparent(image: Image.Image) -> Image.Image:
    hiding = image.convert("RGBA")
    hiding.putalpha(100)
    return hiding


@pytest.mark.parametrize(
    ("image", "name", "expected"),
    [
        (picture(1).convert("L"), "a.jpg", ("warning", "greyscale")),
        (transparent(picture(1)), "a.png", ("warning", "see-through")),
        (picture(1).convert("CMYK"), "a.jpg", ("error", "cmyk")),
    ],
    ids=["no colour", "transparent", "CMYK"],
)
def test_an_unusual_image_has_one_finding(
    tmp_path: Path, image: Image.Image, name: str, expected: tuple[str, str]
) -> None:
    inspection = inspect_image(tmp_path, image, name)
    assert rules(inspection) == [expected]
    assert (inspection.facts is None) == (expected[0] == "error")


def test_a_png_named_jpg_is_a_warning(tmp_path: Path) -> None:
    png = save(picture(1), tmp_path / "images/a.png")
    misnamed = png.rename(png.with_suffix(".JPG"))
    inspection = inspect(tmp_path, misnamed, save(mask(), tmp_path / "masks/a.png"))
    assert rules(inspection) == [("warning", "misnamed")]


def test_both_files_of_a_pair_are_checked_even_if_the_first_is_broken(tmp_path: Path) -> None:
    image = save(picture(1), tmp_path / "images/a.jpg")
    image.write_bytes(image.read_bytes()[:-300])
    inspection = inspect(tmp_path, image, save(Image.new("L", SIZE, 0), tmp_path / "masks/a.png"))
    assert rules(inspection) == [("error", "truncated"), ("error", "empty-mask")]
    assert inspection.findings[0].remedy == "Copy the file again from its source."
