"""Checkpoints of a training: one safetensors file, always replaced as a whole.

Tensors are stored by name, and everything else as JSON in the file's header, so both are always of the same
epoch. Nothing is pickled. No random generator is stored: order and augmentation of an epoch follow from seed
and epoch, the learning rate from the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import NonNegativeInt
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from wms.core.errors import CheckpointError, RecordError
from wms.core.files import replacing
from wms.core.records.base import Record, Sha256
from wms.core.records.training import EpochMetrics
from wms.training.schedule import Plan

CHECKPOINT_FILE = "last.safetensors"
HEADER_KEY = "training"


class TrainingState(Record):
    """Everything about a training that is not a tensor.

    `run_sha256` identifies what the training depends on; another training's checkpoint is refused.
    """

    run_sha256: Sha256
    plan: Plan
    history: tuple[EpochMetrics, ...] = ()
    best_epoch: NonNegativeInt | None = None
    seconds: float = 0.0

    @property
    def epochs_done(self) -> int:
        """The number of finished epochs."""
        return len(self.history)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A state and its tensors: `network.…`, `average.…`, `best.…`, `optimizer.<kind>.<parameter>`.

    The one before the first epoch has only `initial.…`, the first weights, or nothing if they are random.
    """

    state: TrainingState
    tensors: Mapping[str, Tensor]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors below a prefix, without it."""
        start = f"{prefix}."
        return {name[len(start) :]: t for name, t in self.tensors.items() if name.startswith(start)}


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the last checkpoint; a kill leaves either the old one or the new one.

    Raises:
        StorageError: it could not be written; the old one is whole.
    """
    # Safetensors does not support channels-last tensors: they are copied to contiguous ones.
    tensors = {name: tensor.detach().contiguous() for name, tensor in checkpoint.tensors.items()}
    header = {HEADER_KEY: checkpoint.state.to_json().decode()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata=header)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        CheckpointError: it does not exist or cannot be read.
    """
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist: there is no training to resume")
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {})[HEADER_KEY]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        state = TrainingState.from_json(text.encode(), source=str(path))
    except (SafetensorError, KeyError, RecordError) as error:
        raise CheckpointError(f"{path} is not a training checkpoint: {error}") from error
    return Checkpoint(state=state, tensors=tensors)


def optimizer_tensors(network: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """The optimizer's state by kind and parameter name, such as `exp_avg.head.weight`."""
    return {
        f"{kind}.{name}": value
        for name, parameter in network.named_parameters()
        for kind, value in optimizer.state[parameter].items()
    }


def restore_optimizer(network: nn.Module, optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore what `optimizer_tensors` returned, each tensor in its parameter's memory format."""
    parameters = dict(network.named_parameters())
    for key, value in tensors.items():
        kind, name = key.split(".", 1)
        parameter = parameters[name]
        like = parameter if value.dim() else value.to(parameter.device)
        optimizer.state[parameter][kind] = torch.empty_like(like, requires_grad=False).copy_(value)
