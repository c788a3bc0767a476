"""A training's batches: which samples, in which order, with which augmentation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import torch
from torch import Tensor

from wms.core.settings import TrainSettings
from wms.imaging.preprocess import PAD_GREY, to_input
from wms.training.augment import augment, draw_epoch
from wms.training.cache import CachedSamples
from wms.training.process_group import ProcessGroup


def training_batches(
    samples: CachedSamples, settings: TrainSettings, group: ProcessGroup, *, epoch: int, size_px: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """This process's share of an epoch's batches, shuffled and augmented.

    Samples that do not fill a batch are left out of this epoch; each epoch has another order.

    Yields:
        images, float32, Bx3xsxs in 0..1, and masks, float32, Bx1xsxs in 0..1, on this process's device.
    """
    order_seed = derived_seed(settings.seed, epoch, "order")
    order = torch.randperm(len(samples), generator=torch.Generator().manual_seed(order_seed))
    draws = draw_epoch(len(samples), seed=derived_seed(settings.seed, epoch, "augment"))
    for batch in range(batches_per_epoch(len(samples), settings)):
        whole = slice(batch * settings.batch_size, (batch + 1) * settings.batch_size)
        rows = group.share(whole, len(samples))
        pixels = to_input(samples.pixels(order[rows].tolist()))
        yield augment(
            torch.from_numpy(pixels).to(group.device),
            draws[rows].to(group.device),
            settings.augment,
            settings.close_up,
            size_px=size_px,
            fill=PAD_GREY / 255,
        )


def batches_per_epoch(samples: int, settings: TrainSettings) -> int:
    """Full batches only, but at least one."""
    return max(1, samples // settings.batch_size)


def derived_seed(seed: int, epoch: int, purpose: str) -> int:
    """A seed for one purpose in one epoch, independent of all others; 63 bits."""
    digest = hashlib.sha256(f"{seed}/{epoch}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
