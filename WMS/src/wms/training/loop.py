"""The training loop: progressive resolution, moving average of weights, early stopping, checkpoints.

Determinism: an epoch's order and augmentation follow from seed and epoch, the learning rate from the
step, and everything else lies in the checkpoint, so a training that was stopped after any epoch goes
on to the same weights, bit for bit, on the same machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from wms.core.errors import TrainingError
from wms.core.progress import Progress
from wms.core.records.training import EpochMetrics
from wms.core.settings import TrainSettings
from wms.training import checkpoint as checkpoints
from wms.training.batches import training_batches
from wms.training.cache import CachedSamples
from wms.training.checkpoint import Checkpoint, TrainingState
from wms.training.learner import Learner
from wms.training.machine import deterministic
from wms.training.process_group import ProcessGroup
from wms.training.schedule import Plan, learning_rate
from wms.training.validation import validate


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A finished training: the averaged network of its best epoch, and how it came there."""

    network: nn.Module
    history: tuple[EpochMetrics, ...]
    best_epoch: int
    stopped_early: bool
    seconds: float


def fit(
    *,
    train: CachedSamples,
    val: CachedSamples,
    settings: TrainSettings,
    state: TrainingState,
    group: ProcessGroup,
    checkpoint: Path,
    on_epoch: Callable[[EpochMetrics], None],
    progress: Progress,
) -> Fitted:
    """Train until the plan's end or until the validation loss no longer falls.

    Args:
        train: samples to learn from.
        val: samples that choose the best epoch.
        settings: how to train.
        state: of a new training, or that of the checkpoint to go on from.
        group: the processes that train together; the one that leads stores the checkpoints.
        checkpoint: where every epoch's end is stored; read if `state` has epochs behind it.
        on_epoch: told about every finished epoch, after it is stored.
        progress: told about epochs.

    Raises:
        TrainingError: a loss that is not finite, or an unreadable checkpoint.
        StorageError: a checkpoint cannot be written, or the cache cannot be read.
    """
    learner, best = Learner(settings, group), {}
    if state.history:
        stored = checkpoints.load(checkpoint)
        learner.restore(stored)
        best = stored.part("best")
    with deterministic(state.plan.threads):
        left = range(state.epochs_done, state.plan.epochs)
        for epoch in progress.track(left, label="training", total=len(left)):
            if _gave_up(state, settings):
                break
            metrics = _epoch(learner, epoch, train, val, state.plan)
            state = _advance(state, metrics)
            if state.best_epoch == epoch:
                best = {k: v.clone() for k, v in learner.average.module.state_dict().items()}
            named = {f"best.{name}": tensor for name, tensor in best.items()}
            if group.leads:
                checkpoints.save(checkpoint, Checkpoint(state=state, tensors={**learner.tensors(), **named}))
            on_epoch(metrics)
    if state.best_epoch is None:
        raise TrainingError("the training ended before an epoch at full size")
    network = learner.average.module
    network.load_state_dict(best)
    return Fitted(
        network=network.eval().cpu(),
        history=state.history,
        best_epoch=state.best_epoch,
        stopped_early=state.epochs_done < state.plan.epochs,
        seconds=state.seconds,
    )


def _epoch(
    learner: Learner, epoch: int, train: CachedSamples, val: CachedSamples, plan: Plan
) -> EpochMetrics:
    settings, size_px = learner.settings, plan.size_px(epoch)
    start, step, losses, seen = time.perf_counter(), epoch * plan.batches_per_epoch, [], 0
    learner.network.train()
    for pictures, masks in training_batches(train, settings, learner.group, epoch=epoch, size_px=size_px):
        rate = learning_rate(step, plan.steps, settings)
        losses.append(learner.step(pictures, masks, rate=rate, bfloat16=plan.bfloat16))
        step, seen = step + 1, seen + len(pictures) * learner.group.size
    trained = time.perf_counter() - start
    val_loss, val_dice = validate(learner.average.module, val, settings.loss, learner.group, size_px=size_px)
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
    """The state after an epoch. Only epochs at full size compete: losses of other sizes differ."""
    best = state.best_epoch
    if state.plan.at_full_size(metrics.epoch) and (
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
