import numpy as np
import pytest
from PIL import Image

from wms.imaging.rectangle import least_rectangle


def turned_bar(angle: float, *, size: int = 400) -> np.ndarray:
    """A bar of 200 x 60 pixels about the centre, turned clockwise."""
    bar = Image.new("L", (size, size))
    bar.paste(255, (100, 170, 300, 230))
    return np.asarray(bar.rotate(-angle, Image.Resampling.NEAREST)) > 0


@pytest.mark.parametrize("angle", [-89.0, -60.0, -30.0, -7.0, 0.0, 12.0, 45.0, 80.0])
def test_a_turned_bar_is_found_with_its_size_and_angle(angle: float) -> None:
    found = least_rectangle(turned_bar(angle))
    assert (found.angle_degrees - angle + 90.0) % 180.0 - 90.0 == pytest.approx(0.0, abs=1.0)
    assert (found.long_px, found.short_px) == pytest.approx((200.0, 60.0), abs=4.0)
    assert (found.centre_x, found.centre_y) == pytest.approx((200.0, 200.0), abs=1.5)


def test_an_upright_bar_is_at_minus_90_degrees() -> None:
    assert least_rectangle(np.ones((9, 3), dtype=bool)).angle_degrees == -90.0


def test_one_pixel_is_a_square_of_one_pixel() -> None:
    mask = np.zeros((5, 5), dtype=bool)
    mask[2, 3] = True
    found = least_rectangle(mask)
    assert (found.centre_x, found.centre_y, found.long_px, found.short_px) == (3.5, 2.5, 1.0, 1.0)
