"""What is measured of one file."""

from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from pairs import SETTINGS, picture, save
from wms.core.errors import ImageError
from wms.data.inspection.measure import ImageFacts, MaskFacts, measure_image, measure_mask

POLICY = SETTINGS.validation
NEAR = SETTINGS.split.near_duplicate_bits


def measured(image: Image.Image, path: Path, *, orientation: int | None = None) -> ImageFacts:
    save(image, path, orientation=orientation)
    return measure_image(path, policy=POLICY)


def measured_mask(image: Image.Image, path: Path) -> MaskFacts:
    save(image, path)
    return measure_mask(path, policy=POLICY)


def bits_apart(one: ImageFacts, other: ImageFacts) -> int:
    return (int(one.phash, 16) ^ int(other.phash, 16)).bit_count()


def test_the_upright_size_follows_the_orientation(tmp_path: Path) -> None:
    facts = measured(picture(1, size=(160, 120)), tmp_path / "a.jpg", orientation=6)
    assert (facts.width_px, facts.height_px, facts.upright_size) == (160, 120, (120, 160))


def test_a_scaled_recompressed_and_brightened_copy_has_a_near_hash(tmp_path: Path) -> None:
    original = measured(picture(1, size=(640, 480)), tmp_path / "a.png")
    copy = ImageEnhance.Brightness(picture(1, size=(640, 480)).resize((300, 225))).enhance(1.2)
    assert bits_apart(original, measured(copy, tmp_path / "b.jpg")) <= NEAR


def test_the_same_picture_stored_turned_has_a_near_hash(tmp_path: Path) -> None:
    upright = picture(1, size=(640, 480))
    turned = upright.transpose(Image.Transpose.ROTATE_90)
    stored_turned = measured(turned, tmp_path / "b.jpg", orientation=6)
    assert bits_apart(measured(upright, tmp_path / "a.jpg"), stored_turned) <= NEAR


def test_different_pictures_have_distant_hashes(tmp_path: Path) -> None:
    hashes = [measured(picture(seed), tmp_path / "a.jpg") for seed in range(6)]
    assert min(bits_apart(a, b) for a in hashes for b in hashes if a is not b) > NEAR


def test_a_hash_has_256_bits(tmp_path: Path) -> None:
    assert len(measured(picture(1), tmp_path / "a.jpg").phash) == 64


def test_alpha_that_hides_nothing_is_not_see_through(tmp_path: Path) -> None:
    assert not measured(picture(1).convert("RGBA"), tmp_path / "a.png").see_through
    hiding = picture(1).convert("RGBA")
    hiding.putpixel((0, 0), (0, 0, 0, 254))
    assert measured(hiding, tmp_path / "a.png").see_through


def test_shares_count_pixels_of_the_mask_and_of_its_border(tmp_path: Path) -> None:
    drawn = Image.new("L", (100, 100), 0)
    drawn.paste(255, (0, 0, 100, 25))
    facts = measured_mask(drawn, tmp_path / "m.png")
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
