"""The loss: pixel-wise cross-entropy plus soft Dice.

Cross-entropy has a steady gradient everywhere, but "no window anywhere" already makes it small, because
windows cover about 2 % of an image. Soft Dice (Milletari, Navab, Ahmadi 2016, V-Net, with sums instead of
squares) counts the window alone.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from wms.core.settings import LossSettings

SMOOTH = 1.0
"""Added to numerator and denominator, in pixels: an empty mask that is predicted empty has no loss."""


def segmentation_loss(logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
    """The weighted sum of both terms, a mean over samples.

    Every sample has the same weight, so the mean over equal parts of a batch is the mean over the batch.

    Args:
        logits: Bx1xHxW, any float type; computed in float32.
        targets: float32, Bx1xHxW, the window's share of each pixel in 0..1.
        settings: the terms' weights.

    Returns:
        float32 scalar, at least 0.
    """
    logits = logits.float()
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, targets)
    return settings.bce_weight * cross_entropy + settings.dice_weight * soft_dice_loss(logits, targets)


def soft_dice_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """1 minus the soft Dice of each sample, averaged over samples; float32 scalar in 0..1."""
    probability = torch.sigmoid(logits)
    overlap = (probability * targets).sum(dim=(1, 2, 3))  # B
    total = probability.sum(dim=(1, 2, 3)) + targets.sum(dim=(1, 2, 3))  # B
    return (1.0 - (2.0 * overlap + SMOOTH) / (total + SMOOTH)).mean()
