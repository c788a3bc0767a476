"""The processes that train one network together, as started by `torchrun`; usually just this one.

Every process takes its share of each batch and all end each step with the same weights, so that a team
learns what a single process would learn from the whole batches, up to the order of additions.
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
"""How long a process waits for the others; the longest wait is for a large dataset's first decoding."""


@dataclass(frozen=True, kw_only=True)
class Team:
    """This process's place among those that train together; alone, every method changes nothing.

    `rank` counts from 0, and the process of rank 0 leads: it alone writes files and talks to the
    registry. `neighbours` of the team's processes share this machine's cores. `device` is where this
    process computes.
    """

    rank: int = 0
    size: int = 1
    neighbours: int = 1
    device: torch.device = CPU

    @property
    def leads(self) -> bool:
        """Whether this process writes the files and the records."""
        return self.rank == 0

    def share(self, batch: slice, samples: int) -> slice:
        """This process's part of a batch; the parts are equal, so that a mean of means is the mean.

        Args:
            batch: positions in an epoch's order.
            samples: how many there are; what the batch reaches for beyond them is not there.

        Raises:
            TrainingError: there is not one picture for each process.
        """
        pictures = min(batch.stop, samples) - batch.start
        length = pictures // self.size
        if length == 0:
            raise TrainingError(
                f"a batch of {pictures} pictures cannot be shared by {self.size} processes",
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
        """Wait for every process to come here; whether one of them, usually the leader, says go."""
        return bool(self.sum(torch.tensor(int(go), device=self.device)) > 0)

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network with gradients that are the mean over all processes."""
        if self.size == 1:
            return network
        # Running statistics need no broadcast: every process computes those of the whole batch.
        return DistributedDataParallel(network, broadcast_buffers=False)


@contextmanager
def join_team(environment: Mapping[str, str] = os.environ) -> Iterator[Team]:
    """Join the processes that `torchrun` started, or work alone; gloo on CPUs, NCCL on GPUs.

    Args:
        environment: `RANK`, `WORLD_SIZE`, `LOCAL_RANK` and `LOCAL_WORLD_SIZE` as torchrun sets them.

    Raises:
        TrainingError: the others cannot be reached.
    """
    size, local_rank = int(environment.get("WORLD_SIZE", "1")), int(environment.get("LOCAL_RANK", "0"))
    neighbours = int(environment.get("LOCAL_WORLD_SIZE", "1"))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", local_rank) if cuda else CPU
    if size == 1:
        yield Team(device=device)
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
        yield Team(rank=dist.get_rank(), size=size, neighbours=neighbours, device=device)
    finally:
        dist.destroy_process_group()
