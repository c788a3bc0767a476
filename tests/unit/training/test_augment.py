import pytest
import torch

from meters import tiny_settings
from wms.training.augment import Recolour, affine_matrices, augment, draw_epoch

SETTINGS = tiny_settings().augment
NOTHING = SETTINGS.model_copy(
    update={
        **dict.fromkeys(type(SETTINGS).model_fields, 0.0),
        "max_zoom": 1.0,
        "mirror": False,
    }
)


def batch(count=4, size=32):
    masks = torch.zeros(count, 1, size, size)
    masks[:, :, 10:16, 8:24] = 1.0
    return masks.repeat(1, 3, 1, 1) * 0.8, masks


def change(draws, settings=SETTINGS, close_up=None, *, size_px=32):
    pictures, masks = batch(len(draws))
    return augment(torch.cat([pictures, masks], dim=1), draws, settings, close_up, size_px=size_px, fill=0.0)


def test_the_same_seed_changes_alike_and_another_seed_differently():
    first, again, other = (change(draw_epoch(4, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("close_up", [None, tiny_settings().close_up])
def test_a_sample_changes_alike_in_any_batch(close_up):
    draws = draw_epoch(4, seed=1)
    together = change(draws, close_up=close_up)
    for number in range(4):
        alone = change(draws[number : number + 1], close_up=close_up)
        assert torch.allclose(together[0][number], alone[0][0], atol=1e-6)
        assert torch.allclose(together[1][number], alone[1][0], atol=1e-6)


def test_picture_and_mask_move_together():
    # The picture is the mask in grey, so wherever the warp puts one the other must be.
    only_warp = NOTHING.model_copy(
        update={"max_rotation_degrees": 40.0, "max_shift": 0.2, "max_zoom": 1.3, "mirror": True}
    )
    pictures, masks = change(draw_epoch(4, seed=3), only_warp)
    assert torch.allclose(pictures[:, :1], masks * 0.8, atol=1e-5)
    assert not torch.allclose(masks, batch()[1], atol=0.1)


def test_without_ranges_nothing_changes():
    pictures, masks = change(draw_epoch(4, seed=3), NOTHING)
    before = batch()
    assert torch.allclose(pictures, before[0], atol=1e-5)
    assert torch.allclose(masks, before[1], atol=1e-5)


def test_results_have_the_asked_size_and_stay_in_0_to_1():
    pictures, masks = change(draw_epoch(4, seed=3), size_px=16)
    assert pictures.shape == (4, 3, 16, 16)
    assert masks.shape == (4, 1, 16, 16)
    for values in (pictures, masks):
        assert values.min() >= 0.0
        assert values.max() <= 1.0


def test_mirroring_alone_flips_left_and_right():
    settings = NOTHING.model_copy(update={"mirror": True})
    draws = torch.zeros(2, 13)
    draws[0, 5], draws[1, 5] = 1.0, -1.0
    masks = torch.zeros(2, 1, 8, 8)
    masks[..., 1] = 1.0
    _, flipped = augment(masks.repeat(1, 4, 1, 1), draws, settings, None, size_px=8, fill=0.0)
    assert torch.allclose(flipped[0], masks[0].flip(-1), atol=1e-5)
    assert torch.allclose(flipped[1], masks[1], atol=1e-5)


def test_the_largest_zoom_changes_lengths_by_the_stated_factor():
    settings = NOTHING.model_copy(update={"max_zoom": 2.0})
    draws = torch.zeros(2, 6)
    draws[:, 2] = torch.tensor([1.0, -1.0])
    scale = affine_matrices(draws, settings)[:, 0, 0]
    assert torch.allclose(scale, torch.tensor([0.5, 2.0]))


def test_colours_of_a_mask_never_change():
    settings = NOTHING.model_copy(update={"max_brightness": 0.9, "max_contrast": 0.9})
    _, masks = change(draw_epoch(4, seed=3), settings)
    assert torch.allclose(masks, batch()[1], atol=1e-5)


def test_colours_change_as_if_each_change_were_made_in_turn():
    pictures = torch.rand(3, 3, 20, 30, generator=torch.Generator().manual_seed(1))
    draws = draw_epoch(3, seed=4)[:, 6:12]
    changed = Recolour(draws, SETTINGS)(pictures)
    for picture, one, draw in zip(pictures, changed, draws, strict=True):
        light, contrast, saturation = (
            1.0 + float(amount) * limit
            for amount, limit in zip(
                draw[:3],
                (SETTINGS.max_brightness, SETTINGS.max_contrast, SETTINGS.max_saturation),
                strict=True,
            )
        )
        x = picture * light * (1.0 + draw[3:] * SETTINGS.max_tint).view(3, 1, 1)
        grey = x.mean(dim=0)
        x = grey + (x - grey) * saturation
        x = grey.mean() + (x - grey.mean()) * contrast
        assert torch.allclose(one, x.clamp(0.0, 1.0), atol=1e-5)


def test_what_comes_in_from_outside_is_grey_and_no_window():
    settings = NOTHING.model_copy(update={"max_shift": 0.5})
    pixels, draws = torch.ones(1, 4, 8, 8), torch.zeros(1, 13)
    draws[0, 3] = 1.0  # half a picture to the right
    pictures, masks = augment(pixels, draws, settings, None, size_px=8, fill=0.25)
    assert torch.allclose(pictures[..., :4], torch.ones(3, 8, 4))
    assert torch.allclose(pictures[..., 4:], torch.full((3, 8, 4), 0.25))
    assert torch.equal(masks[..., 4:], torch.zeros(1, 1, 8, 4))
