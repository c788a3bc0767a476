"""A network's probability of each pixel, averaged over several views of the same picture.

Meters are photographed at every angle, so a picture turned over is as good a picture as itself, and what
the network finds in it, turned back, is a second opinion. Views across the diagonals help far more than
mirrored ones: they show the window at another angle (docs/log.md).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def _as_it_is(x: Tensor) -> Tensor:
    return x


def _across_the_diagonal(x: Tensor) -> Tensor:
    return x.transpose(2, 3)


def _across_the_other_diagonal(x: Tensor) -> Tensor:
    return x.flip(2, 3).transpose(2, 3)


VIEWS = (_as_it_is, _across_the_other_diagonal, _across_the_diagonal)
"""Maps of BxCxSxS onto itself; each undoes itself."""


class Probability(nn.Module):
    """A network whose answer is a probability: Bx3xSxS in 0..1 to Bx1xSxS in 0..1.

    Args:
        network: pictures to logits.
        views: how many of `VIEWS` are averaged; each costs a pass of the network.
    """

    def __init__(self, network: nn.Module, *, views: int) -> None:
        super().__init__()
        self.network, self.views = network, VIEWS[:views]

    def forward(self, pictures: Tensor) -> Tensor:
        """The mean over views of the logistic function of the logits."""
        found = [view(torch.sigmoid(self.network(view(pictures)))) for view in self.views]
        return torch.stack(found).mean(dim=0)
