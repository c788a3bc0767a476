"""The training loop: progressive resolution, moving average of weights, early stopping, checkpoints.

An epoch's order and augmentation follow from seed and epoch, the learning rate from the step, and everything
else is in the checkpoint. So a training that was stopped after any epoch and resumed on the same machine ends
with the same weights, bit for bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from wms.core.errors import TrainingError
from wms.core.records.training import EpochMetrics
from wms.core.settings import TrainSettings
from wms.training import checkpoint as checkpoints
from wms.training.batches import training_batches
from wms.training.cache import Samples
from wms.training.checkpoint import Checkpoint, TrainingState
from wms.training.learner import Learner
from wms.training.machine import deterministic
from wms.training.schedule import Plan, learning_rate
from wms.training.start import TrainingInputs
from wms.training.validation import validate


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A finished training: the averaged network of its best epoch, and the metrics of all epochs."""

    network: nn.Module
    history: tuple[EpochMetrics, ...]
    best_epoch: int
    stopped_early: bool
    seconds: float


def fit(
    inputs: TrainingInputs,
    samples: Samples,
    state: TrainingState,
    *,
    on_epoch: Callable[[Sequence[EpochMetrics]], None],
) -> Fitted:
    """Train until the plan's end, or until the validation loss no longer falls.

    Args:
        inputs: how to train. Its checkpoint has the first weights, or those to resume from; each epoch ends
            with another one.
        samples: the training samples, and those that choose the best epoch.
        state: that of a new training, or of the checkpoint to resume from.
        on_epoch: called after every checkpoint with the metrics of all epochs so far.

    Raises:
        TrainingError: a loss that is not finite, or an unreadable checkpoint.
        StorageError: a checkpoint cannot be written, or the cache cannot be read.
    """
    settings, group, plan = inputs.settings, inputs.group, state.plan
    stored, best = checkpoints.load(inputs.checkpoint), {}
    learner = Learner(settings, group, weights=stored.part("initial"))
    if state.history:
        learner.restore(stored)
        best = stored.part("best")
    with deterministic(plan.threads):
        left = range(state.epochs_done, plan.epochs)
        for epoch in inputs.progress.track(left, label="training", total=len(left)):
            if _gave_up(state, settings):
                break
            state = _advance(state, _epoch(learner, epoch, samples, plan))
            if state.best_epoch == epoch:
                best = {k: v.clone() for k, v in learner.average.module.state_dict().items()}
            named = {f"best.{name}": tensor for name, tensor in best.items()}
            if group.leads:
                stored = Checkpoint(state=state, tensors={**learner.tensors(), **named})
                checkpoints.save(inputs.checkpoint, stored)
            on_epoch(state.history)
    if state.best_epoch is None:
        raise TrainingError("the training ended before an epoch whose weights may be kept")
    network = learner.average.module
    network.load_state_dict(best)
    return Fitted(
        network=network.eval().cpu(),
        history=state.history,
        best_epoch=state.best_epoch,
        stopped_early=state.epochs_done < plan.epochs,
        seconds=state.seconds,
    )


def _epoch(learner: Learner, epoch: int, samples: Samples, plan: Plan) -> EpochMetrics:
    settings, group, size_px = learner.settings, learner.group, plan.size_px(epoch)
    start, step, losses, seen = time.perf_counter(), epoch * plan.batches_per_epoch, [], 0
    learner.network.train()
    for images, masks in training_batches(samples.train, settings, group, epoch=epoch, size_px=size_px):
        rate = learning_rate(step, plan, settings)
        losses.append(learner.step(images, masks, rate=rate, bfloat16=plan.bfloat16))
        step, seen = step + 1, seen + len(images) * group.size
    trained = time.perf_counter() - start
    network = learner.average.module
    val_loss, val_dice = validate(
        network, samples.val, settings.loss, settings.close_up, group, size_px=size_px
    )
    return EpochMetrics(
        epoch=epoch,
        train_loss=sum(losses) / len(losses),
        val_loss=val_loss,
        val_dice=val_dice,
        learning_rate=rate,
        image_size_px=size_px,
        images_per_second=seen / trained,
        seconds=time.perf_counter() - start,
    )


def _advance(state: TrainingState, metrics: EpochMetrics) -> TrainingState:
    """The state after an epoch. Losses at other sizes differ, and early ones are a matter of luck."""
    best = state.best_epoch
    if state.plan.may_be_best(metrics.epoch) and (
        best is None or metrics.val_loss < state.history[best].val_loss
    ):
        best = metrics.epoch
    return state.model_copy(
        update={
            "history": (*state.history, metrics),
            "best_epoch": best,
            "seconds": state.seconds + metrics.seconds,
        }
    )


def _gave_up(state: TrainingState, settings: TrainSettings) -> bool:
    return state.best_epoch is not None and state.epochs_done - 1 - state.best_epoch >= settings.patience
