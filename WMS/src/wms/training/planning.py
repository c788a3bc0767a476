"""How a training will run, fixed before it starts; with a time budget, from a measurement."""

from __future__ import annotations

import time

from wms.core.cores import usable_cores
from wms.core.settings import TrainSettings
from wms.training.batches import batches_per_epoch, training_batches
from wms.training.cache import CachedSamples
from wms.training.learner import Learner
from wms.training.machine import deterministic, has_bfloat16
from wms.training.process_group import ProcessGroup
from wms.training.schedule import Plan, fit_epochs, plan_stages
from wms.training.validation import validate

WARM_UP, MEASURED = 2, 3
"""Batches of each size: the first ones choose and build kernels."""


def make_plan(settings: TrainSettings, train: CachedSamples, val: CachedSamples, group: ProcessGroup) -> Plan:
    """Fix how a training runs. Without a time budget nothing is measured and the plan is pure.

    With one, and where the settings leave the number of threads open, the faster of all cores and a
    single one is taken: threads wait for each other, so that on cores shared with other work one
    alone is several times as fast as two.

    Args:
        settings: with or without `max_minutes`.
        train: the training samples.
        val: the validation samples.
        group: the processes that will train; the measurement takes this one's share of a batch.
    """
    threads = settings.threads or max(1, usable_cores() // group.local_size)
    candidates = (threads,) if settings.threads else tuple({threads, 1})
    bfloat16 = settings.precision == "bfloat16" or (
        settings.precision == "auto" and has_bfloat16(group.device)
    )
    epochs = settings.epochs
    if settings.max_minutes is not None:
        measured = {
            number: _time_epochs(settings, train, val, group, threads=number, bfloat16=bfloat16)
            for number in candidates
        }
        threads = min(measured, key=lambda number: sum(measured[number]))
        epochs = fit_epochs(settings, measured[threads])
    return Plan(
        stages=plan_stages(settings, epochs),
        batches_per_epoch=batches_per_epoch(len(train), settings),
        threads=threads,
        bfloat16=bfloat16,
    )


def _time_epochs(
    settings: TrainSettings,
    train: CachedSamples,
    val: CachedSamples,
    group: ProcessGroup,
    *,
    threads: int,
    bfloat16: bool,
) -> list[float]:
    """Seconds of one epoch of each stage."""
    with deterministic(threads):
        return [
            _time_epoch(settings, train, val, group, size_px=size, bfloat16=bfloat16)
            for size in settings.stage_sizes_px
        ]


def _time_epoch(
    settings: TrainSettings,
    train: CachedSamples,
    val: CachedSamples,
    group: ProcessGroup,
    *,
    size_px: int,
    bfloat16: bool,
) -> float:
    """Seconds of one epoch at a size, from a few real steps of a network that is thrown away.

    The other processes wait meanwhile, so their communication is not included.
    """
    alone = ProcessGroup(device=group.device)
    learner = Learner(settings, alone)
    times: list[float] = []
    while len(times) < WARM_UP + MEASURED:
        for pictures, masks in training_batches(train, settings, group, epoch=0, size_px=size_px):
            start = time.perf_counter()
            learner.step(pictures, masks, rate=0.0, bfloat16=bfloat16)
            times.append(time.perf_counter() - start)
            if len(times) == WARM_UP + MEASURED:
                break
    step = sum(times[WARM_UP:]) / MEASURED
    start = time.perf_counter()
    validate(learner.average.module, val, settings.loss, alone, size_px=size_px)
    return step * batches_per_epoch(len(train), settings) + (time.perf_counter() - start) / group.size
