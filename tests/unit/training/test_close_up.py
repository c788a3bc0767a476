"""Close-ups: the square around a window, turned level."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from torchvision.transforms.functional import pil_to_tensor

from meters import tiny_settings
from wms.training.augment import augment, draw_epoch
from wms.training.close_up import close_up_views, look, within

SIDE = 128
CLOSE_UP = tiny_settings().close_up


def a_window(*, centre=(64, 64), size=(60, 15), degrees=0.0):
    """A drawn mask; float32, 1x1xSxS."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(x * size[0] / 2, y * size[1] / 2) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    image = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(image).polygon(
        [(centre[0] + cos * x - sin * y, centre[1] + sin * x + cos * y) for x, y in corners], fill=255
    )
    return pil_to_tensor(image).float()[None] / 255


def close_up_of(mask, window=0.5):
    pixels = mask.repeat(1, 4, 1, 1)
    return look(pixels, close_up_views(mask, window), size_px=64, fill=0.0)[:, 3:]


@given(
    degrees=st.floats(-180, 180),
    length=st.floats(30, 60),
    x=st.floats(45, 83),
    y=st.floats(45, 83),
    window=st.floats(0.5, 0.8),
)
@settings(max_examples=60, deadline=None)
def test_any_window_lies_level_in_the_middle_at_the_stated_size(degrees, length, x, y, window):
    mask = a_window(centre=(x, y), size=(length, length / 4), degrees=degrees)
    near = close_up_of(mask, window)[0, 0] > 0.5
    rows, columns = near.nonzero(as_tuple=True)
    height, width = (int(places.max() - places.min()) + 1 for places in (rows, columns))
    assert math.hypot(width, height) == pytest.approx(64 * window, abs=5)
    assert width > 2.5 * height
    for places in (rows, columns):
        assert float(places.float().mean()) == pytest.approx(31.5, abs=2)


@pytest.mark.parametrize("degrees", [0, 90])
def test_a_square_window_and_an_upright_one_have_a_close_up_too(degrees):
    for size in ((30, 30), (40, 8)):
        near = close_up_of(a_window(size=size, degrees=degrees))
        assert torch.isfinite(near).all()
        assert near.max() == 1.0


def test_without_a_window_the_close_up_is_the_whole_image():
    empty = torch.zeros(1, 1, SIDE, SIDE)
    assert torch.equal(close_up_views(empty, 0.5), torch.eye(2, 3)[None])


def test_a_speck_is_enlarged_eight_times_at_most():
    speck = torch.zeros(1, 1, SIDE, SIDE)
    speck[..., 64, 64] = 1.0
    assert float(close_up_views(speck, 0.5)[0, :, :2].norm(dim=0)[0]) == pytest.approx(1 / 8)


def test_a_view_within_a_view_is_both_one_after_the_other():
    shift = torch.tensor([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]])
    half = torch.tensor([[[0.5, 0.0, 0.0], [0.0, 0.5, 0.2]]])
    assert torch.allclose(within(half, shift), torch.tensor([[[0.5, 0.0, 0.25], [0.0, 0.5, 0.2]]]))


def test_the_share_of_close_ups_is_that_of_the_settings():
    small = a_window(size=(30, 8))  # zoomed by 1.4 at most, a whole image never looks like a close-up
    draws = draw_epoch(400, seed=1)
    for share in (0.25, 0.75):
        close_up = CLOSE_UP.model_copy(update={"share": share})
        masks = small.repeat(400, 1, 1, 1)
        pixels = masks.repeat(1, 4, 1, 1)
        _, changed = augment(pixels, draws, tiny_settings().augment, close_up, size_px=32, fill=0.0)
        near = changed.mean(dim=(1, 2, 3)) > 2.2 * float(small.mean())
        assert float(near.float().mean()) == pytest.approx(share, abs=0.06)


def test_close_ups_to_learn_from_are_nearly_level_and_half_of_them_upside_down():
    mask = a_window(size=(30, 8), degrees=50)
    mask[..., 64:, :] *= 0.5  # so that its two ends differ
    everything = CLOSE_UP.model_copy(update={"share": 0.99999})
    still = tiny_settings().augment.model_copy(
        update={"max_shear_degrees": 0.0, "max_zoom": 1.0, "max_shift": 0.0, "mirror": False}
    )
    masks = mask.repeat(200, 1, 1, 1)
    _, near = augment(
        masks.repeat(1, 4, 1, 1), draw_epoch(200, seed=2), still, everything, size_px=64, fill=0.0
    )
    ways = []
    for one in near[:, 0]:
        rows, columns = (one > 0.25).nonzero(as_tuple=True)
        slope = torch.cov(torch.stack([columns.float(), rows.float()]))
        angle = 0.5 * math.degrees(math.atan2(2 * slope[0, 1], slope[0, 0] - slope[1, 1]))
        assert abs(angle) < CLOSE_UP.max_rotation_degrees + 8
        ways.append(float(one[:, :32].sum() > one[:, 32:].sum()))
    assert 0.35 < sum(ways) / len(ways) < 0.65
