"""The plan of a training's epochs and image sizes, and its learning rate as a function of the step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from wms.core.records.base import Frozen
from wms.core.settings import TrainSettings

SETTLED = 0.75
"""The share of the epochs after which the learning rate of one cycle is low: a fifth of the peak or less."""


class PlannedStage(Frozen):
    """A number of epochs at one image size."""

    size_px: PositiveInt
    epochs: PositiveInt


class Plan(Frozen):
    """What a training will do. It is in every checkpoint, so that a resumed training does the same."""

    stages: Annotated[tuple[PlannedStage, ...], Field(min_length=1)]
    batches_per_epoch: PositiveInt
    learning_rate: PositiveFloat
    threads: PositiveInt
    bfloat16: bool

    @property
    def epochs(self) -> int:
        """All stages together."""
        return sum(stage.epochs for stage in self.stages)

    @property
    def steps(self) -> int:
        """Optimizer steps of the whole training."""
        return self.epochs * self.batches_per_epoch

    def size_px(self, epoch: int) -> int:
        """The side of the images in an epoch, counted from 0."""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage.size_px
            epoch -= stage.epochs
        raise IndexError("the plan has fewer epochs")

    def may_be_best(self, epoch: int) -> bool:
        """Whether an epoch is at full size, and late enough for its validation loss not to be luck."""
        return epoch >= max(self.epochs - self.stages[-1].epochs, math.floor(SETTLED * self.epochs))


def fit_epochs(settings: TrainSettings, minutes: float, seconds_per_epoch: Sequence[float]) -> int:
    """How many epochs fit the time budget, with the same shares of the stages.

    Args:
        settings: the shares of the stages and the most epochs.
        minutes: the budget.
        seconds_per_epoch: of each stage, in the settings' order.

    Returns:
        at least one epoch for each stage, at most `settings.epochs`.
    """
    mean = sum(s.share * cost for s, cost in zip(settings.stages, seconds_per_epoch, strict=True))
    # Rounded first: a share such as 0.6 is not exact in binary and could cost an epoch.
    fitting = int(round(minutes * 60.0 / mean, 6))
    return max(len(settings.stages), min(settings.epochs, fitting))


def plan_stages(settings: TrainSettings, epochs: int) -> tuple[PlannedStage, ...]:
    """Divide epochs among the stages by their shares; each gets at least one, the last gets the rest.

    With fewer epochs than stages, the first stages are left out: the last size is the model's own.
    """
    sizes = settings.stage_sizes_px[-epochs:]
    shares = [stage.share for stage in settings.stages][-epochs:]
    counts = [max(1, math.floor(epochs * share)) for share in shares[:-1]]
    counts.append(epochs - sum(counts))
    return tuple(PlannedStage(size_px=s, epochs=n) for s, n in zip(sizes, counts, strict=True))


def learning_rate(step: int, plan: Plan, settings: TrainSettings) -> float:
    """One cycle (Smith, Topin 2018): a linear rise to the peak, then half a cosine to zero; or constant."""
    if settings.schedule == "constant":
        return plan.learning_rate
    progress = (step + 0.5) / plan.steps
    if progress < settings.warmup_share:
        return plan.learning_rate * progress / settings.warmup_share
    descent = (progress - settings.warmup_share) / (1.0 - settings.warmup_share)
    return plan.learning_rate * 0.5 * (1.0 + math.cos(math.pi * descent))
