"""Random augmentation of a training batch, the same for image and mask.

Each sample of a batch gets its own change, and a batch is resampled once. torchvision's own random
transforms change a whole batch in the same way; applied one by one, they would take as long as the network
at small sizes. All random numbers of an epoch are drawn at once, one row
for each sample. So a sample's change depends only on seed, epoch and position, not on its batch or process,
and no generator state has to be saved.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2

from wms.core.settings import AugmentSettings, CloseUpSettings
from wms.training.close_up import close_up_views, look, within

WARP_DRAWS, COLOUR_DRAWS, VIEW_DRAWS = 6, 6, 1


def draw_epoch(samples: int, *, seed: int) -> Tensor:
    """One row of random numbers for each sample; float32, samples x 13, uniform in -1..1."""
    generator = torch.Generator().manual_seed(seed)
    return 2.0 * torch.rand(samples, WARP_DRAWS + COLOUR_DRAWS + VIEW_DRAWS, generator=generator) - 1.0


def augment(
    pixels: Tensor,
    draws: Tensor,
    settings: AugmentSettings,
    close_up: CloseUpSettings | None,
    *,
    size_px: int,
    fill: float,
) -> tuple[Tensor, Tensor]:
    """Augment a batch and resample it to the training size.

    Args:
        pixels: float32, Bx4xSxS in 0..1: images, and their masks as a fourth channel.
        draws: float32, Bx13, rows of `draw_epoch`.
        settings: how much may change.
        close_up: how many samples become close-ups of their window, and how close; `None`: none.
        size_px: side of the result, at most S.
        fill: grey outside the images, in 0..1.

    Returns:
        images, float32, Bx3xsxs in 0..1, and masks, float32, Bx1xsxs in 0..1.
    """
    warp, colour, view = draws.split([WARP_DRAWS, COLOUR_DRAWS, VIEW_DRAWS], dim=1)
    near = view[:, 0] < 2.0 * close_up.share - 1.0 if close_up else torch.zeros(len(view), dtype=torch.bool)
    # Averaged first, as a model's own input is, or fine patterns would alias.
    smaller = pixels.shape[-1] // size_px
    warped = pixels.new_empty(len(pixels), 4, size_px, size_px).to(memory_format=torch.channels_last)
    if not near.all():
        whole = _averaged(pixels[~near], smaller)
        warped[~near] = look(whole, affine_matrices(warp[~near], settings), size_px=size_px, fill=fill)
    if close_up and near.any():
        close = _averaged(pixels[near], smaller // 2)
        squares = close_up_views(close[:, 3:], close_up.window)
        views = within(squares, close_up_matrices(warp[near], settings, close_up))
        warped[near] = look(close, views, size_px=size_px, fill=fill)
    return Recolour(colour, settings)(warped[:, :3]), warped[:, 3:]


def _averaged(pixels: Tensor, factor: int) -> Tensor:
    return functional.avg_pool2d(pixels, factor) if factor > 1 else pixels


class Recolour(v2.Transform):
    """Change light and colour of each image.

    Brightness and tint scale the channels. Saturation moves a pixel to or from its grey, contrast to or from
    the image's mean grey. All of this is linear, so each image gets one 3x3 matrix and one offset, and its
    pixels are read and written once.

    Args:
        draws: float32, Bx6 in -1..1: brightness, contrast, saturation, tint of red, green, blue.
        settings: how much may change.
    """

    def __init__(self, draws: Tensor, settings: AugmentSettings) -> None:
        super().__init__()
        self.draws, self.settings = draws, settings

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Recolour images, Bx3xsxs."""
        s = self.settings
        limits = [s.max_brightness, s.max_contrast, s.max_saturation, *3 * [s.max_tint]]
        factors = 1.0 + self.draws * self.draws.new_tensor(limits)  # B x 6
        light, contrast, saturation = (factors[:, k].view(-1, 1, 1) for k in range(3))
        scale = light * torch.diag_embed(factors[:, 3:])  # B x 3 x 3
        identity = torch.eye(3, device=scale.device)
        towards_grey = saturation * identity + (1.0 - saturation) / 3.0  # B x 3 x 3
        pixels = inpt.flatten(2)  # B x 3 x HW
        level = (scale @ pixels.mean(dim=2, keepdim=True)).mean(dim=1, keepdim=True)  # B x 1 x 1
        changed = torch.baddbmm((1.0 - contrast) * level, contrast * (towards_grey @ scale), pixels)
        return changed.clamp_(0.0, 1.0).view(inpt.shape)


def affine_matrices(draws: Tensor, settings: AugmentSettings) -> Tensor:
    """The matrices for `affine_grid`, from result to source coordinates, both in -1..1.

    Args:
        draws: float32, Bx6 in -1..1: angle, shear, zoom, shift right, shift down, mirror.
        settings: how much may change.

    Returns:
        float32, Bx2x3.
    """
    return _matrices(draws, settings, draws[:, 0] * math.radians(settings.max_rotation_degrees))


def close_up_matrices(draws: Tensor, settings: AugmentSettings, close_up: CloseUpSettings) -> Tensor:
    """Like `affine_matrices`, for close-ups: nearly level, every second one upside down.

    Which end of a window is its left one is not known when a model looks for its close-up.
    """
    level = (2.0 * draws[:, 0].abs() - 1.0) * math.radians(close_up.max_rotation_degrees)
    return _matrices(draws, settings, torch.where(draws[:, 0] < 0.0, level + math.pi, level))


def _matrices(draws: Tensor, settings: AugmentSettings, angle: Tensor) -> Tensor:
    shear = torch.tan(draws[:, 1] * math.radians(settings.max_shear_degrees))
    # Uniform on a log scale: enlarging and shrinking by the same factor are equally likely.
    zoom = torch.exp(draws[:, 2] * math.log(settings.max_zoom))
    shift = draws[:, 3:5] * settings.max_shift * 2.0  # the grid spans 2
    flip = torch.where(draws[:, 5] > 0, -1.0, 1.0) if settings.mirror else torch.ones_like(angle)
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    rows = [
        torch.stack([flip * cos, flip * (shear * cos - sin), shift[:, 0]], dim=1),
        torch.stack([sin, shear * sin + cos, shift[:, 1]], dim=1),
    ]
    return torch.stack(rows, dim=1)
