"""How a training will run, fixed before it starts. With a time budget, it is measured first."""

from __future__ import annotations

import time

from wms.core.cores import usable_cores
from wms.core.records.training import Init
from wms.core.settings import TrainSettings
from wms.core.settings.train import StageSettings
from wms.training.batches import batches_per_epoch, training_batches
from wms.training.cache import Samples
from wms.training.learner import Learner
from wms.training.machine import deterministic, has_bfloat16
from wms.training.process_group import ProcessGroup
from wms.training.schedule import Plan, fit_epochs, plan_stages
from wms.training.validation import validate

WARM_UP, MEASURED = 2, 3
"""Batches of each size: the first ones choose and build kernels."""


def make_plan(settings: TrainSettings, samples: Samples, group: ProcessGroup, *, init: Init) -> Plan:
    """Fix how a training runs. Without a time budget nothing is measured: the plan follows from the settings.

    With a budget, and if the settings leave the number of threads open, the faster of one thread and all
    cores is taken. Threads wait for each other: on shared cores one is several times as fast as two.
    Only a training from random weights has the settings' stages: known weights already find the coarse shape,
    and images of another size make them forget it (docs/log.md). A training from production's weights
    (`champion`) is shorter and has a lower learning rate.
    """
    warm = init == "champion"
    if init != "scratch":
        settings = settings.model_copy(update={"stages": (StageSettings(scale=1.0, share=1.0),)})
    threads = settings.threads or max(1, usable_cores() // group.local_size)
    candidates = (threads,) if settings.threads else tuple({threads, 1})
    bfloat16 = settings.precision == "bfloat16" or (
        settings.precision == "auto" and has_bfloat16(group.device)
    )
    epochs, minutes = settings.epochs, settings.minutes(len(samples.train), warm=warm)
    if minutes is not None:
        measured: dict[int, list[float]] = {}
        for number in candidates:
            with deterministic(number):
                measured[number] = [
                    _time_epoch(settings, samples, group, size_px=size, bfloat16=bfloat16)
                    for size in settings.stage_sizes_px
                ]
        threads = min(measured, key=lambda number: sum(measured[number]))
        epochs = fit_epochs(settings, minutes, measured[threads])
    return Plan(
        stages=plan_stages(settings, epochs),
        batches_per_epoch=batches_per_epoch(len(samples.train), settings),
        learning_rate=settings.learning_rate * (settings.warm_start.learning_rate if warm else 1.0),
        threads=threads,
        bfloat16=bfloat16,
    )


def _time_epoch(
    settings: TrainSettings, samples: Samples, group: ProcessGroup, *, size_px: int, bfloat16: bool
) -> float:
    """Seconds of one epoch at a size, from a few real steps of a network that is thrown away.

    The other processes wait meanwhile, so their communication is not included.
    """
    alone = ProcessGroup(device=group.device)
    learner = Learner(settings, alone)
    times: list[float] = []
    while len(times) < WARM_UP + MEASURED:
        start = time.perf_counter()
        for images, masks in training_batches(samples.train, settings, group, epoch=0, size_px=size_px):
            learner.step(images, masks, rate=0.0, bfloat16=bfloat16)
            now = time.perf_counter()
            times.append(now - start)
            if len(times) == WARM_UP + MEASURED:
                break
            start = now
    step = sum(times[WARM_UP:]) / MEASURED
    start = time.perf_counter()
    network = learner.average.module
    validate(network, samples.val, settings.loss, settings.close_up, alone, size_px=size_px)
    validation = (time.perf_counter() - start) / group.size
    return step * batches_per_epoch(len(samples.train), settings) + validation
