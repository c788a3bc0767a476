"""Close-ups: where the register window lies, and how to look at it from near and level.

A window is about 2 % of a photograph, so at the network's size its edges are coarse. The model looks at the
whole image first, and then at a close-up of what it found. Coarse to fine is common in segmentation; that one
network does both, and that the close-up is turned, is measured in docs/log.md. Training takes the close-ups
from the masks, with the same formulas that the exported graph uses (`training/whole_graph.py`).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from wms.imaging.preprocess import ISOTROPIC, LARGEST_ZOOM


def close_up_views(masks: Tensor, window: float) -> Tensor:
    """The squares around windows, turned so that a window's longer side is level.

    Mean and covariance of the window's pixels give its centre, angle and size. The diagonal of a rectangle is
    the root of 12 times the sum of its variances.

    Args:
        masks: float32, Bx1xSxS in 0..1; one without a window gets the view of the whole image.
        window: the diagonal as a share of the square's side.

    Returns:
        float32, Bx2x3: matrices for `affine_grid`, from a close-up's coordinates to its image's, in -1..1.
    """
    side = masks.shape[-1]
    places = (torch.arange(side, device=masks.device) + 0.5) * (2.0 / side) - 1.0
    weights = masks[:, 0]
    total = weights.sum(dim=(1, 2))
    empty = total == 0.0
    total = torch.where(empty, 1.0, total)
    columns, rows = weights.sum(dim=1) / total[:, None], weights.sum(dim=2) / total[:, None]  # B x S
    # Sums of products, not matrix products: those round otherwise for other batch sizes.
    centre_x, centre_y = (columns * places).sum(dim=1), (rows * places).sum(dim=1)  # B
    from_x, from_y = places - centre_x[:, None], places - centre_y[:, None]  # B x S
    wide, high = (columns * from_x**2).sum(dim=1), (rows * from_y**2).sum(dim=1)
    tilt = ((weights * from_x[:, None]).sum(dim=2) * from_y).sum(dim=1) / total
    half = torch.sqrt(12.0 * (wide + high)) / (2.0 * window)
    half = half.clamp(1.0 / LARGEST_ZOOM, 1.0)
    # The angle of the covariance ellipse, by the formulas for half angles. The smaller of sine and cosine is
    # a quotient: as a root of a difference it would enlarge rounding errors.
    wider = wide - high + ISOTROPIC
    root = torch.sqrt(wider**2 + 4.0 * tilt**2)
    larger = torch.sqrt((1.0 + wider.abs() / root) / 2.0)
    smaller = tilt.abs() / root / larger
    cos = torch.where(wider < 0.0, smaller, larger)
    sin = torch.where(wider < 0.0, larger, smaller) * torch.where(tilt < 0.0, -1.0, 1.0)
    views = torch.stack(
        [
            torch.stack([half * cos, -half * sin, centre_x], dim=1),
            torch.stack([half * sin, half * cos, centre_y], dim=1),
        ],
        dim=1,
    )
    return torch.where(empty[:, None, None], torch.eye(2, 3).to(views), views)


def within(views: Tensor, inner: Tensor) -> Tensor:
    """The view `inner` of each view; all Bx2x3."""
    turned = views[:, :, :2] @ inner
    return torch.cat([turned[:, :, :2], turned[:, :, 2:] + views[:, :, 2:]], dim=2)


def look(pixels: Tensor, views: Tensor, *, size_px: int, fill: float) -> Tensor:
    """Resample images and masks to views of them, bilinearly.

    Args:
        pixels: float32, Bx4xSxS in 0..1: images, and their masks as a fourth channel.
        views: float32, Bx2x3.
        size_px: side of the result.
        fill: grey outside the images, in 0..1; masks get 0.

    Returns:
        float32, Bx4xsxs in 0..1.
    """
    grid = functional.affine_grid(views, [len(views), 1, size_px, size_px], align_corners=False)
    outside = pixels.new_tensor([3 * [fill] + [0.0]]).view(1, 4, 1, 1)
    return functional.grid_sample(pixels - outside, grid, align_corners=False).add_(outside)
