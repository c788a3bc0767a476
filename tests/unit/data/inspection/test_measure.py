"""What is measured of one file."""

from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from pairs import SETTINGS, picture, save
from wms.core.errors import ImageError
from wms.data.inspection.measure import ImageFacts, measure_image, measure_mask

POLICY = SETTINGS.validation
NEAR = SETTINGS.split.near_duplicate_bits


def measured(image: Image.Image, path: Path, *, orientation: int | None = None) -> ImageFacts:
    return measure_image(save(image, path, orientation=orientation), policy=POLICY)


def bits_apart(one: ImageFacts, other: ImageFacts) -> int:
    return (int(one.phash, 16) ^ int(other.phash, 16)).bit_count()


def test_the_upright_size_follows_the_orientation(tmp_path: Path) -> None:
    facts = measured(picture(1, size=(160, 120)), tmp_path / "a.jpg", orientation=6)
    assert (facts.width_px, facts.height_px, facts.upright_size) == (160, 120, (120, 160))


UPRIGHT = picture(1, size=(640, 480))


@pytest.mark.parametrize(
    ("copy", "orientation"),
    [
        (ImageEnhance.Brightness(UPRIGHT.resize((300, 225))).enhance(1.2), None),
        (UPRIGHT.transpose(Image.Transpose.ROTATE_90), 6),
    ],
    ids=["scaled, recompressed and brightened", "stored turned"],
)
def test_a_copy_has_a_near_hash(tmp_path: Path, copy: Image.Image, orientation: int | None) -> None:
    found = measured(copy, tmp_path / "b.jpg", orientation=orientation)
    assert bits_apart(measured(UPRIGHT, tmp_path / "a.png"), found) <= NEAR
    assert len(found.phash) == 64, "256 bits"


def test_different_images_have_distant_hashes(tmp_path: Path) -> None:
    hashes = [measured(picture(seed), tmp_path / "a.jpg") for seed in range(6)]
    assert min(bits_apart(a, b) for a in hashes for b in hashes if a is not b) > NEAR


def test_alpha_that_hides_nothing_is_not_see_through(tmp_path: Path) -> None:
    assert not measured(picture(1).convert("RGBA"), tmp_path / "a.png").see_through
    hiding = picture(1).convert("RGBA")
    hiding.putpixel((0, 0), (0, 0, 0, 254))
    assert measured(hiding, tmp_path / "a.png").see_through


def test_shares_count_pixels_of_the_mask_and_of_its_border(tmp_path: Path) -> None:
    drawn = Image.new("L", (100, 100), 0)
    drawn.paste(255, (0, 0, 100, 25))
    facts = measure_mask(save(drawn, tmp_path / "m.png"), policy=POLICY)
    assert facts.share_above(127) == 0.25
    assert facts.border_share_above(127) == pytest.approx((100 + 25 + 25) / 400)


@pytest.mark.parametrize(
    ("size", "rule"), [((40, 300), "too-small"), ((64, 20_001), "too-large")], ids=["thumbnail", "strip"]
)
def test_absurd_sizes_are_refused(tmp_path: Path, size: tuple[int, int], rule: str) -> None:
    with pytest.raises(ImageError, match=f"{size[0]}x{size[1]}") as refusal:
        measured(Image.new("RGB", size), tmp_path / "a.png")
    assert refusal.value.rule == rule


def test_more_pixels_than_the_policy_allows_are_refused(tmp_path: Path) -> None:
    path = save(picture(1), tmp_path / "a.png")
    policy = POLICY.model_copy(update={"max_pixels": 160 * 120 - 1})
    with pytest.raises(ImageError, match="megapixels are allowed"):
        measure_image(path, policy=policy)
