"""Test-time augmentation: a network's probability, averaged over transformed copies of the image.

Meters are photographed at every angle, so a flipped image is as plausible as the original. Flips across
the diagonals help far more than mirroring: they show the window at another angle (docs/log.md).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def _identity(x: Tensor) -> Tensor:
    return x


def _flip_diagonal(x: Tensor) -> Tensor:
    return x.transpose(2, 3)


def _flip_anti_diagonal(x: Tensor) -> Tensor:
    return x.flip(2, 3).transpose(2, 3)


TRANSFORMS = (_identity, _flip_anti_diagonal, _flip_diagonal)
"""Maps of BxCxSxS onto itself; each is its own inverse."""


class Probability(nn.Module):
    """A network that answers with probabilities: Bx3xSxS in 0..1 to Bx1xSxS in 0..1.

    Args:
        network: images to logits.
        views: how many of `TRANSFORMS` are averaged; each costs a pass of the network.
    """

    def __init__(self, network: nn.Module, *, views: int) -> None:
        super().__init__()
        self.network, self.transforms = network, TRANSFORMS[:views]

    def forward(self, images: Tensor) -> Tensor:
        """The mean over transforms of the logistic function of the logits."""
        found = [transform(torch.sigmoid(self.network(transform(images)))) for transform in self.transforms]
        return torch.stack(found).mean(dim=0)
