from dataclasses import replace

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageFilter

from wms.synth.geometry import area
from wms.synth.labels import wrong_mask
from wms.synth.meter import Meter, draw_meter
from wms.synth.register import wheel_positions
from wms.synth.render import MARGIN_PX, Photo, binary_mask, photograph, render
from wms.synth.style import STYLES

SEED = 11


@pytest.fixture(scope="module")
def photos() -> list[Photo]:
    return [render(SEED, index) for index in range(60)]


def share(mask: Image.Image) -> float:
    return float((np.asarray(mask) > 0).mean())


def other_reading(meter: Meter) -> Meter:
    """The same meter with every digit another one."""

    def shifted(text: str) -> str:
        return "".join(str((int(digit) + 4) % 10) for digit in text)

    reading = meter.reading
    changed = replace(reading, integer=shifted(reading.integer), decimal=shifted(reading.decimal))
    return replace(meter, reading=changed)


def meter_of_style(name: str) -> Meter:
    rng = np.random.default_rng(3)
    return next(meter for meter in iter(lambda: draw_meter(rng), None) if meter.style.name == name)


@pytest.mark.parametrize("style", [style.name for style in STYLES])
def test_digits_fill_the_mask_and_lie_nowhere_else(style: str) -> None:
    meter = meter_of_style(style)
    first, second = (photograph(shown, np.random.default_rng(5)) for shown in (meter, other_reading(meter)))
    difference = np.asarray(first.image, dtype=int) - np.asarray(second.image, dtype=int)
    changed = np.abs(difference).max(axis=2) > 24
    # One pixel of tolerance: what lies on the mask's edge is mixed by the warp.
    inside = np.asarray(first.mask().filter(ImageFilter.MaxFilter(3))) > 0
    assert changed.sum() > 0.05 * inside.sum()
    assert not (changed & ~inside).any()
    # Changed digits spread over most of the mask, in the directions of the window.
    where = np.argwhere(changed)[:, ::-1] + 0.5
    along, down = first.window[1] - first.window[0], first.window[3] - first.window[0]
    position = np.linalg.solve(np.stack([along, down], axis=1), (where - first.window[0]).T)
    wheel = 1 / len(meter.reading.digits)
    assert position[0].min() < wheel / 2
    assert position[0].max() > 1 - wheel / 2
    assert position[1].min() < 0.3
    assert position[1].max() > 0.7


def test_the_mask_holds_the_area_of_the_windows_outline(photos: list[Photo]) -> None:
    for photo in photos:
        pixels = np.asarray(photo.mask())
        assert set(np.unique(pixels)) == {0, 255}
        assert (pixels > 0).sum() == pytest.approx(area(photo.window), rel=0.01)


def test_a_mask_covers_the_pixels_whose_centres_lie_in_the_outline() -> None:
    outline = np.array([[2.0, 1.0], [6.0, 1.0], [6.0, 3.0], [2.0, 3.0]])
    expected = np.zeros((5, 8), dtype=np.uint8)
    expected[1:3, 2:6] = 255
    np.testing.assert_array_equal(np.asarray(binary_mask(outline, (8, 5))), expected)


def test_windows_cover_the_share_of_the_image_that_they_do_in_the_field(photos: list[Photo]) -> None:
    shares = [share(photo.mask()) for photo in photos]
    assert 0.01 < np.median(shares) < 0.04
    assert min(shares) >= 0.003
    assert max(shares) <= 0.09


def test_the_window_lies_wholly_in_the_image(photos: list[Photo]) -> None:
    for photo in photos:
        size = np.array(photo.image.size)
        assert (photo.window >= MARGIN_PX - 1e-6).all()
        assert (photo.window <= size - MARGIN_PX + 1e-6).all()


def test_another_number_or_seed_is_another_image() -> None:
    images = [render(4, 2), render(4, 3), render(5, 2)]
    assert len({photo.image.tobytes() for photo in images}) == 3


def test_images_of_a_series_are_no_near_duplicates(photos: list[Photo]) -> None:
    hashes = [imagehash.phash(photo.image) for photo in photos]
    distances = [first - second for n, first in enumerate(hashes) for second in hashes[:n]]
    assert min(distances) > 10


def test_all_makes_and_several_shapes_appear(photos: list[Photo]) -> None:
    assert {photo.meter.style.name for photo in photos} == {style.name for style in STYLES}
    assert len({photo.image.size for photo in photos}) >= 4
    assert {len(photo.meter.reading.digits) for photo in photos} >= {5, 7, 8}


def test_a_wheel_is_carried_over_by_its_neighbours_last_tenth() -> None:
    assert wheel_positions("0199", 0.5) == pytest.approx([0.0, 1.5, 9.5, 9.5])
    assert wheel_positions("0145", 0.5) == pytest.approx([0.0, 1.0, 4.0, 5.5])


def test_wrong_masks_are_of_plausible_size_and_clearly_wrong(photos: list[Photo]) -> None:
    for number, photo in enumerate(photos):
        wrong = np.asarray(wrong_mask(photo, np.random.default_rng(number))) > 0
        true = np.asarray(photo.mask()) > 0
        assert 0.002 < wrong.mean() < 0.35
        assert (wrong & true).sum() / (wrong | true).sum() < 0.5
