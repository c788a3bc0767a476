"""Metrics on the validation split: of the network at training size, and of the exported model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import fsum
from statistics import fmean
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from wms.core.records.calibration import ProbabilityCounts
from wms.core.settings import CloseUpSettings, LossSettings
from wms.imaging.compare import count_pixels
from wms.imaging.preprocess import PAD_GREY, to_input
from wms.training.cache import HALF, CachedSamples
from wms.training.close_up import close_up_views, look
from wms.training.loss import segmentation_loss
from wms.training.process_group import ProcessGroup

Find = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""A model: uint8 HxWx3 RGB in, probabilities of the same height and width out."""

BATCH = 8
THRESHOLDS = tuple(np.round(np.arange(0.20, 0.81, 0.02), 2).tolist())
"""Candidates for the decision threshold: a finer or wider grid would overfit a small split."""

BINS = 100
"""Number of equal bins of probabilities over 0..1."""


def validate(
    network: nn.Module,
    samples: CachedSamples,
    loss: LossSettings,
    close_up: CloseUpSettings | None,
    group: ProcessGroup,
    *,
    size_px: int,
) -> tuple[float, float]:
    """Mean loss and mean Dice (at probability 0.5) over whole images and their close-ups, in float32.

    The close-ups are those of the masks, so that one missed window does not count twice.

    Args:
        network: images to logits; put into evaluation mode.
        samples: not empty.
        loss: the terms' weights.
        close_up: how close; `None`: whole images alone.
        group: its processes share the samples, and all get the same result.
        size_px: the side that images are scaled to.

    Returns:
        the loss, at least 0, and the Dice, in 0..1.
    """
    losses: list[float] = []
    dice: list[float] = []
    mine = range(group.rank, len(samples), group.size)
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(mine), BATCH):
            stored = to_input(samples.pixels(mine[start : start + BATCH]))
            pixels = torch.from_numpy(stored).to(group.device)
            for view in views(pixels, close_up, size_px=size_px):
                for one, target in zip(network(view[:, :3]), view[:, 3:], strict=True):
                    losses.append(float(segmentation_loss(one[None], target[None], loss)))
                    found, there = (one > 0.0).numpy(force=True), (target >= 0.5).numpy(force=True)
                    dice.append(count_pixels(found, there).dice)
    sums = torch.tensor([fsum(losses), fsum(dice), len(dice)], dtype=torch.float64, device=group.device)
    all_losses, all_dice, number = group.sum(sums).tolist()
    return all_losses / number, all_dice / number


def views(pixels: Tensor, close_up: CloseUpSettings | None, *, size_px: int) -> Iterator[Tensor]:
    """The samples as the network sees them: whole, and near; float32, Bx4xSxS."""
    if pixels.shape[-1] == size_px:
        yield pixels
    else:
        yield functional.interpolate(pixels, size=(size_px, size_px), mode="bilinear", antialias=True)
    if close_up is not None:
        near = close_up_views(pixels[:, 3:], close_up.window)
        yield look(pixels, near, size_px=size_px, fill=PAD_GREY / 255)


class Calibration(NamedTuple):
    """What the validation images say about a model's probabilities.

    `threshold` has the best mean Dice over images; of equal ones it is the nearest to 0.5. `probabilities` is
    the histogram of all pixels, in `BINS` bins.
    """

    threshold: float
    probabilities: ProbabilityCounts


def calibrate(find: Find, samples: CachedSamples) -> Calibration:
    """Choose a model's threshold and count its probabilities, on samples as they are stored; not empty."""
    dice: dict[float, list[float]] = {threshold: [] for threshold in THRESHOLDS}
    window, rest = np.zeros(BINS, dtype=np.int64), np.zeros(BINS, dtype=np.int64)
    for index in range(len(samples)):
        images, masks = samples.batch([index])
        found, truth = find(images[0]), masks[0, ..., 0] >= HALF
        for threshold in THRESHOLDS:
            dice[threshold].append(count_pixels(found > threshold, truth).dice)
        places = np.minimum((found * BINS).astype(np.int64), BINS - 1)
        window += np.bincount(places[truth], minlength=BINS)
        rest += np.bincount(places[~truth], minlength=BINS)
    return Calibration(
        threshold=max(THRESHOLDS, key=lambda value: (fmean(dice[value]), -abs(value - 0.5))),
        probabilities=ProbabilityCounts(window=tuple(window.tolist()), rest=tuple(rest.tolist())),
    )
