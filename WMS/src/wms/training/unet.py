"""The network: a U-Net (Ronneberger, Fischer, Brox 2015) whose stem lowers the resolution.

The stem folds blocks of `stem_stride` x `stem_stride` pixels into channels, and the head unfolds them
(pixel unshuffle and shuffle, Shi et al. 2016). So the finest level, which costs most, works on fewer pixels,
and no input pixel is lost.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wms.core.records.training import Architecture
from wms.training.normalise import BatchNorm


class DoubleConv(nn.Sequential):
    """Two 3x3 convolutions, each with normalisation and ReLU; BxCxHxW to BxC'xHxW."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        layers: list[nn.Module] = []
        for channels in (channels_in, channels_out):
            layers += [
                nn.Conv2d(channels, channels_out, kernel_size=3, padding=1, bias=False),
                BatchNorm(channels_out),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class UNet(nn.Module):
    """Images to logits of "this pixel is register window".

    Shapes below, for base width C, stem stride s and depth 4: H and W are multiples of s * 2**4.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.stem_stride = architecture.stem_stride
        folded = self.stem_stride**2
        widths = [architecture.base_width * 2**level for level in range(architecture.depth + 1)]
        self.encoder = nn.ModuleList()
        channels = 3 * folded
        for width in widths:
            self.encoder.append(DoubleConv(channels, width))
            channels = width
        self.upsample, self.decoder = nn.ModuleList(), nn.ModuleList()
        for width in reversed(widths[:-1]):
            self.upsample.append(nn.ConvTranspose2d(channels, width, kernel_size=2, stride=2))
            self.decoder.append(DoubleConv(2 * width, width))
            channels = width
        self.head = nn.Conv2d(channels, folded, kernel_size=3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits.

        Args:
            images: float32, Bx3xHxW in 0..1.

        Returns:
            Bx1xHxW logits: float32, or bfloat16 under autocast.
        """
        x = 2.0 * images - 1.0  # B x 3 x H x W, in -1..1
        x = functional.pixel_unshuffle(x, self.stem_stride)  # B x 3s² x H/s x W/s
        skips: list[Tensor] = []
        for level, block in enumerate(self.encoder):
            if level:
                x = functional.max_pool2d(x, kernel_size=2)  # each level halves H and W
            x = block(x)  # B x C·2^level x H/(s·2^level) x ...
            skips.append(x)
        skips.pop()
        for upsample, block in zip(self.upsample, self.decoder, strict=True):
            x = torch.cat([upsample(x), skips.pop()], dim=1)  # B x 2C' x H' x W'
            x = block(x)  # B x C' x H' x W'
        x = self.head(x)  # B x s² x H/s x W/s
        return functional.pixel_shuffle(x, self.stem_stride)  # B x 1 x H x W


def build(architecture: Architecture, *, seed: int) -> UNet:
    """A network with new weights that depend only on the seed; the global generator does not change.

    He initialisation (2015) for the convolutions; the head's bias starts at the logit of `PRIOR`, so
    that no steps are spent on learning that windows are rare (Lin et al. 2017, 4.1).
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = UNet(architecture)
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.normal_(network.head.weight, std=0.01)
        assert network.head.bias is not None  # noqa: S101 - narrows for the type checker
        nn.init.constant_(network.head.bias, torch.logit(torch.tensor(PRIOR)).item())
    return network.to(memory_format=torch.channels_last)


PRIOR = 0.02
"""The share of an image that is window: the median of the field data is 1.9 %."""


def count_parameters(network: nn.Module) -> int:
    """The number of a network's parameters."""
    return sum(parameter.numel() for parameter in network.parameters())
