"""The processes that train one network together, started by `torchrun`; usually there is only one.

Every process takes an equal share of each batch, and all end each step with the same weights. Together
they learn what one process learns from the whole batches, up to the order of additions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from wms.core.errors import TrainingError

CPU = torch.device("cpu")

PATIENCE = timedelta(minutes=10)
"""How long a process waits for the others. The longest wait is the first decoding of a large dataset."""


@dataclass(frozen=True, kw_only=True)
class ProcessGroup:
    """This process's place among those that train together. In a group of one, every method does nothing.

    `rank` counts from 0. The process of rank 0 leads: only it writes files and talks to the registry.
    `local_size` processes of the group run on this machine. `device` is where this process computes.
    """

    rank: int = 0
    size: int = 1
    local_size: int = 1
    device: torch.device = CPU

    @property
    def leads(self) -> bool:
        """Whether this process writes files and records."""
        return self.rank == 0

    def share(self, batch: slice, samples: int) -> slice:
        """This process's part of a batch. The parts are equal, so that the mean of their means is the mean.

        Args:
            batch: positions in an epoch's order.
            samples: how many the epoch has; the last batch may reach past them.

        Raises:
            TrainingError: there is less than one image for each process.
        """
        images = min(batch.stop, samples) - batch.start
        length = images // self.size
        if length == 0:
            raise TrainingError(
                f"a batch of {images} images cannot be shared by {self.size} processes",
                remedy="Start fewer processes, or use larger batches (--set batch_size=N).",
            )
        start = batch.start + self.rank * length
        return slice(start, start + length)

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, in a new tensor of the same kind; no gradient."""
        total = values.detach().clone()
        if self.size > 1:
            dist.all_reduce(total)
        return total

    def agree(self, go: bool) -> bool:
        """Wait until every process calls this; true if at least one of them says go."""
        return bool(self.sum(torch.tensor(int(go), device=self.device)) > 0)

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network, with gradients averaged over all processes."""
        if self.size == 1:
            return network
        # No broadcast of running statistics: every process computes those of the whole batch.
        return DistributedDataParallel(network, broadcast_buffers=False)


@contextmanager
def join_process_group(environment: Mapping[str, str] = os.environ) -> Iterator[ProcessGroup]:
    """Join the processes that `torchrun` started, or be a group of one; gloo on CPUs, NCCL on GPUs.

    Args:
        environment: `RANK`, `WORLD_SIZE`, `LOCAL_RANK` and `LOCAL_WORLD_SIZE` as torchrun sets them.

    Raises:
        TrainingError: the other processes cannot be reached.
    """
    size, local_rank = int(environment.get("WORLD_SIZE", "1")), int(environment.get("LOCAL_RANK", "0"))
    local_size = int(environment.get("LOCAL_WORLD_SIZE", "1"))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", local_rank) if cuda else CPU
    if size == 1:
        yield ProcessGroup(device=device)
        return
    if cuda:
        torch.cuda.set_device(device)
    try:
        dist.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            f"the training's other processes cannot be reached: {error}",
            remedy="Start them all by torchrun; on several machines, with the same --rdzv-endpoint.",
        ) from error
    try:
        yield ProcessGroup(rank=dist.get_rank(), size=size, local_size=local_size, device=device)
    finally:
        dist.destroy_process_group()
