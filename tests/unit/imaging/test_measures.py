import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter

from wms.core.records.measures import Measures
from wms.imaging.measures import measure
from wms.synth.render import render

THRESHOLD = 0.5


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return render(3, 0).image


def bar(height: int = 200, width: int = 300) -> NDArray[np.float32]:
    """A window of 50 x 100 pixels, sure of itself."""
    found = np.zeros((height, width), dtype=np.float32)
    found[50:100, 60:160] = 1.0
    return found


def measured(image: Image.Image, probability: NDArray[np.float32] | None = None) -> Measures:
    answer = bar() if probability is None else probability
    return measure(np.asarray(image.convert("RGB")), answer, THRESHOLD)


def test_a_darker_photo_has_less_brightness(photo: Image.Image) -> None:
    darker = ImageEnhance.Brightness(photo).enhance(0.5)
    assert measured(darker).brightness == pytest.approx(measured(photo).brightness / 2, rel=0.02)


def test_a_blurred_photo_is_less_sharp(photo: Image.Image) -> None:
    blurred = photo.filter(ImageFilter.GaussianBlur(max(photo.size) / 100))
    assert measured(blurred).sharpness < measured(photo).sharpness / 4


def test_brightness_and_sharpness_do_not_depend_on_the_number_of_pixels(photo: Image.Image) -> None:
    smaller = photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.BOX)
    one, other = measured(photo), measured(smaller)
    assert one.size_px == pytest.approx(2 * other.size_px, abs=2)
    assert one.brightness == pytest.approx(other.brightness, rel=0.01)
    assert one.sharpness == pytest.approx(other.sharpness, rel=0.15)


def test_a_sure_window_has_its_share_as_coverage_full_confidence_and_its_angle(photo: Image.Image) -> None:
    found = measured(photo)
    assert found.coverage == pytest.approx(50 * 100 / (200 * 300))
    assert found.confidence == pytest.approx(1.0)
    assert found.window_angle_degrees == pytest.approx(0.0)


@pytest.mark.parametrize(("where", "value"), [("inside", 0.6), ("around", 0.4)])
def test_doubtful_pixels_inside_or_around_the_window_lower_the_confidence(
    photo: Image.Image, where: str, value: float
) -> None:
    doubtful = bar()
    if where == "inside":
        doubtful[50:100, 60:100] = value
    else:
        doubtful[100:120, 60:160] = value
    assert 0.5 < measured(photo, doubtful).confidence < 0.95


def test_more_background_does_not_change_the_confidence(photo: Image.Image) -> None:
    doubtful = bar() * np.float32(0.7)
    larger = np.zeros((400, 600), dtype=np.float32)
    larger[:200, :300] = doubtful
    assert measured(photo, larger).confidence == pytest.approx(measured(photo, doubtful).confidence)


def test_without_a_window_there_is_no_confidence_and_no_angle(photo: Image.Image) -> None:
    found = measured(photo, np.full((200, 300), 0.3, dtype=np.float32))
    assert (found.coverage, found.confidence, found.window_angle_degrees) == (0.0, 0.0, None)


def test_the_angle_is_that_of_the_largest_part(photo: Image.Image) -> None:
    speckled = bar()
    speckled[190, 290] = speckled[5:20, 5] = 1.0
    assert measured(photo, speckled).window_angle_degrees == pytest.approx(0.0)


def test_a_large_answer_is_sampled_without_a_visible_change(photo: Image.Image) -> None:
    large = np.kron(bar(), np.ones((12, 12), dtype=np.float32))
    small, found = measured(photo), measured(photo, large)
    assert found.coverage == pytest.approx(small.coverage, rel=0.02)
    assert found.confidence == pytest.approx(1.0)


def test_a_window_between_the_sampled_pixels_is_measured(photo: Image.Image) -> None:
    tiny = np.zeros((3072, 4096), dtype=np.float32)
    tiny[1001:1003, 2001:2003] = 0.9
    found = measured(photo, tiny)
    assert found.coverage == pytest.approx(4 / tiny.size)
    assert found.confidence == pytest.approx(2 * 0.9 / (0.9 + 1))
    assert found.window_angle_degrees is not None


def test_one_pixel_is_measured() -> None:
    found = measure(np.zeros((1, 1, 3), dtype=np.uint8), np.ones((1, 1), dtype=np.float32), THRESHOLD)
    assert (found.coverage, found.size_px, found.sharpness) == (1.0, 1, 0.0)


def test_upright_windows_have_one_angle_whichever_way_they_lean(photo: Image.Image) -> None:
    leaning = [Image.fromarray(bar()).rotate(turn, expand=True) for turn in (85, 95)]
    found = [measured(photo, np.asarray(each)).window_angle_degrees for each in leaning]
    assert sorted(angle or 0.0 for angle in found) == pytest.approx([85.0, 95.0], abs=1.0)
