"""Batch normalisation over the whole batch, however many processes share it.

PyTorch's own synchronised batch normalisation runs only on GPUs. With the statistics of only its part of a
batch, each process would train another network than a single process does.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce


class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation (Ioffe, Szegedy 2015) of BxCxHxW; at inference it folds into a convolution.

    `processes` is how many share each batch; all of them must call `forward` together.
    """

    processes = 1

    def forward(self, x: Tensor) -> Tensor:
        """Normalise; when several processes train, by the statistics of the whole batch.

        Args:
            x: BxCxHxW, float32 or bfloat16; parts of a batch are of equal size.

        Returns:
            the same shape and type.
        """
        if not self.training or self.processes == 1:
            return super().forward(x)
        whole = x.float()
        count = self.processes * whole[:, 0].numel()
        # Two passes, as in one process: a difference of large sums would lose precision.
        mean = all_reduce(whole.sum(dim=(0, 2, 3))) / count  # C
        centred = whole - mean[:, None, None]
        variance = all_reduce(centred.square().sum(dim=(0, 2, 3))) / count  # C
        self._remember(mean.detach(), variance.detach() * (count / (count - 1)))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None  # noqa: S101 - narrows for the type checker
        assert self.running_var is not None  # noqa: S101
        assert self.num_batches_tracked is not None  # noqa: S101
        assert self.momentum is not None  # noqa: S101
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
        self.num_batches_tracked += 1


def share_batches(network: nn.Module, *, processes: int) -> None:
    """Set the number of processes in every batch normalisation of a network."""
    for module in network.modules():
        if isinstance(module, BatchNorm):
            module.processes = processes
