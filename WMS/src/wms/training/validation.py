"""A network's metrics on the validation split, at training size."""

from __future__ import annotations

from collections.abc import Iterator
from math import fsum
from statistics import fmean

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wms.core.records.calibration import ProbabilityCounts
from wms.core.settings import LossSettings
from wms.imaging.compare import count_pixels
from wms.imaging.preprocess import to_input
from wms.training.cache import CachedSamples
from wms.training.loss import segmentation_loss
from wms.training.process_group import CPU, ProcessGroup

BATCH = 8
THRESHOLDS = tuple(np.round(np.arange(0.20, 0.81, 0.02), 2).tolist())
"""Candidates for the decision threshold: a finer or wider grid would overfit a small split."""

BINS = 100
"""Number of equal bins of probabilities over 0..1."""


def validate(
    network: nn.Module, samples: CachedSamples, loss: LossSettings, group: ProcessGroup, *, size_px: int
) -> tuple[float, float]:
    """Mean loss and mean Dice (at probability 0.5) over images, in float32.

    Args:
        network: images to logits; put into evaluation mode.
        samples: not empty.
        loss: the terms' weights.
        group: its processes share the samples, and all get the same result.
        size_px: the side that images are scaled to.

    Returns:
        the loss, at least 0, and the Dice, in 0..1.
    """
    losses: list[float] = []
    dice: list[float] = []
    mine = range(group.rank, len(samples), group.size)
    for logits, targets in _predictions(network, samples, mine, size_px=size_px, device=group.device):
        for one, target in zip(logits, targets, strict=True):
            losses.append(float(segmentation_loss(one[None], target[None], loss)))
            dice.append(_dice(one > 0.0, target >= 0.5))
    sums = torch.tensor([fsum(losses), fsum(dice)], dtype=torch.float64, device=group.device)
    mean_loss, mean_dice = (group.sum(sums) / len(samples)).tolist()
    return mean_loss, mean_dice


def choose_threshold(probability: nn.Module, samples: CachedSamples, *, size_px: int) -> float:
    """The probability threshold with the best mean Dice over images; of equal ones the nearest to 0.5.

    Args:
        probability: images to probabilities, on the CPU.
        samples: not empty.
        size_px: the side that images are scaled to.
    """
    dice: dict[float, list[float]] = {threshold: [] for threshold in THRESHOLDS}
    everything = range(len(samples))
    for found, targets in _predictions(probability, samples, everything, size_px=size_px, device=CPU):
        for one, target in zip(found, targets, strict=True):
            for threshold in THRESHOLDS:
                dice[threshold].append(_dice(one > threshold, target >= 0.5))
    return max(THRESHOLDS, key=lambda threshold: (fmean(dice[threshold]), -abs(threshold - 0.5)))


def count_probabilities(probability: nn.Module, samples: CachedSamples, *, size_px: int) -> ProbabilityCounts:
    """Histogram of all samples' pixels by probability, in `BINS` bins; the module is on the CPU."""
    window, rest = torch.zeros(BINS, dtype=torch.int64), torch.zeros(BINS, dtype=torch.int64)
    everything = range(len(samples))
    for found, targets in _predictions(probability, samples, everything, size_px=size_px, device=CPU):
        places = (found * BINS).long().clamp_(max=BINS - 1)
        there = targets >= 0.5
        window += torch.bincount(places[there], minlength=BINS)
        rest += torch.bincount(places[~there], minlength=BINS)
    return ProbabilityCounts(window=tuple(window.tolist()), rest=tuple(rest.tolist()))


def _predictions(
    network: nn.Module, samples: CachedSamples, indices: range, *, size_px: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """A network's outputs and the targets of some samples by batches, both float32, Bx1xSxS."""
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(indices), BATCH):
            images, masks = samples.batch(indices[start : start + BATCH])
            inputs = _scaled(torch.from_numpy(to_input(images)).to(device), size_px)
            yield network(inputs), _scaled(torch.from_numpy(to_input(masks)).to(device), size_px)


def _scaled(batch: Tensor, size_px: int) -> Tensor:
    if batch.shape[-1] == size_px:
        return batch
    return functional.interpolate(batch, size=(size_px, size_px), mode="bilinear", antialias=True)


def _dice(found: Tensor, there: Tensor) -> float:
    return count_pixels(found.numpy(force=True), there.numpy(force=True)).dice
