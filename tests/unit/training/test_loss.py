import pytest
import torch

from wms.core.settings import LossSettings
from wms.training.loss import segmentation_loss, soft_dice_loss

BOTH = LossSettings(bce_weight=1.0, dice_weight=1.0)


def window(count=2, size=16):
    targets = torch.zeros(count, 1, size, size)
    targets[:, :, 4:8, 2:14] = 1.0
    return targets


def test_a_certain_right_answer_costs_nothing():
    targets = window()
    assert segmentation_loss(targets * 60 - 30, targets, BOTH).item() == pytest.approx(0.0, abs=1e-4)


def test_marking_nothing_costs_the_whole_dice_term():
    targets = window()
    assert soft_dice_loss(torch.full_like(targets, -30.0), targets).item() == pytest.approx(1.0, abs=0.03)


def test_an_empty_mask_found_empty_costs_nothing():
    targets = torch.zeros(1, 1, 16, 16)
    assert soft_dice_loss(torch.full_like(targets, -30.0), targets).item() == pytest.approx(0.0, abs=1e-4)


def test_the_mean_over_two_halves_of_a_batch_is_the_batchs_loss():
    torch.manual_seed(1)
    logits, targets = torch.randn(4, 1, 16, 16), window(4)
    targets[1, :, :, 8:] = 0.0
    halves = [segmentation_loss(logits[k : k + 2], targets[k : k + 2], BOTH) for k in (0, 2)]
    assert torch.stack(halves).mean().item() == pytest.approx(segmentation_loss(logits, targets, BOTH).item())


@pytest.mark.parametrize(("bce", "dice"), [(1.0, 0.0), (0.0, 1.0), (2.0, 0.5)])
def test_the_terms_are_weighed_as_set(bce, dice):
    torch.manual_seed(1)
    logits, targets = torch.randn(2, 1, 16, 16), window()
    cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
    expected = bce * cross_entropy + dice * soft_dice_loss(logits, targets)
    settings = LossSettings(bce_weight=bce, dice_weight=dice)
    assert segmentation_loss(logits, targets, settings).item() == pytest.approx(expected.item())


def test_half_precision_logits_are_summed_in_float32():
    logits = torch.randn(2, 1, 64, 64).to(torch.bfloat16)
    assert segmentation_loss(logits, window(size=64), BOTH).dtype == torch.float32
