"""The network, its moving average and its optimizer: what a training step changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from wms.core.errors import TrainingError
from wms.core.settings import TrainSettings
from wms.training import checkpoint as checkpoints
from wms.training.batches import derived_seed
from wms.training.checkpoint import Checkpoint
from wms.training.loss import segmentation_loss
from wms.training.normalise import share_batches
from wms.training.process_group import ProcessGroup
from wms.training.unet import build

Tensors = tuple[Tensor, ...] | list[Tensor]


class Learner:
    """The state of a training that each step changes; each process of a group has the same.

    `weights` are the network's first ones by name; without them they are random.
    """

    def __init__(
        self, settings: TrainSettings, group: ProcessGroup, *, weights: Mapping[str, Tensor] | None = None
    ) -> None:
        self.settings, self.group = settings, group
        network = build(settings.architecture, seed=derived_seed(settings.seed, 0, "weights"))
        if weights:
            network.load_state_dict(weights)
        share_batches(network, processes=group.size)
        self.network = network.to(group.device)
        self._parallel = group.parallel(self.network)
        self.average = AveragedModel(
            self.network, multi_avg_fn=_moving_average(settings.ema_decay), use_buffers=True
        )
        matrices = [p for p in self.network.parameters() if p.dim() > 1]
        vectors = [p for p in self.network.parameters() if p.dim() <= 1]
        # No weight decay of scales and shifts: there is no reason to pull them to zero.
        parameter_groups: list[dict[str, Any]] = [
            {"params": matrices, "weight_decay": settings.weight_decay},
            {"params": vectors},
        ]
        self.optimizer = torch.optim.AdamW(parameter_groups, lr=0.0, weight_decay=0.0, fused=True)

    def step(self, images: Tensor, masks: Tensor, *, rate: float, bfloat16: bool) -> float:
        """Learn from one batch.

        Args:
            images: this process's share, float32, Bx3xHxW in 0..1, on this process's device.
            masks: float32, Bx1xHxW in 0..1.
            rate: the learning rate of this step.
            bfloat16: whether convolutions compute in bfloat16; weights and sums stay float32.

        Returns:
            the loss of the whole batch before the step.

        Raises:
            TrainingError: the loss is not finite; no weight was changed.
        """
        with torch.autocast(self.group.device.type, torch.bfloat16, enabled=bfloat16):
            logits = self._parallel(images)
        loss = segmentation_loss(logits, masks, self.settings.loss)
        value = float(self.group.sum(loss)) / self.group.size
        if not math.isfinite(value):
            raise TrainingError(f"the loss became {value} at a learning rate of {rate:.2g}")
        self.optimizer.zero_grad()
        loss.backward()
        self._clip_gradients()
        for parameter_group in self.optimizer.param_groups:
            parameter_group["lr"] = rate
        self.optimizer.step()
        self.average.update_parameters(self.network)
        return value

    def _clip_gradients(self) -> None:
        """Limit the norm of the gradients; in most steps it is below the limit."""
        parameters = list(self.network.parameters())
        norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if norm > self.settings.gradient_norm:
            nn.utils.clip_grads_with_norm_(parameters, self.settings.gradient_norm, norm)

    def tensors(self) -> dict[str, Tensor]:
        """All tensors for a checkpoint, by name."""
        parts = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": checkpoints.optimizer_tensors(self.network, self.optimizer),
        }
        return {f"{part}.{name}": tensor for part, all_ in parts.items() for name, tensor in all_.items()}

    def restore(self, stored: Checkpoint) -> None:
        """Load a checkpoint's tensors."""
        self.network.load_state_dict(stored.part("network"))
        self.average.load_state_dict(stored.part("average"))
        checkpoints.restore_optimizer(self.network, self.optimizer, stored.part("optimizer"))


def _moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """An exponential moving average, with a short memory at first to forget the first weights.

    Batch normalisation's running statistics are averaged too; its counter of batches is copied.
    """

    def update(averages: Tensors, parameters: Tensors, count: Tensor | int) -> None:
        steps = int(count)
        share = 1.0 - min(decay, (1 + steps) / (10 + steps))
        if averages[0].is_floating_point():  # each call brings tensors of one type
            torch._foreach_lerp_(averages, parameters, share)
        else:
            torch._foreach_copy_(averages, parameters)

    return update
