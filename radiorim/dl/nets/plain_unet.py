"""A 3-D U-Net as Cicek et al. (2016) drew it, with group normalisation: two convolutions at each level.

B(16) down B(32) down B(64) up B(32) up B(16) Conv(1) with B(n) = 2 x (3^3 convolution, group norm, ReLU),
down = maximum of 2^3, up = trilinear, the encoder's maps joined (Schmidt-Mengin et al., MSSEG-2, 2021).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

__all__ = ["SMALL", "SMALL_EDGE", "build"]

SMALL = {"widths": (8, 16, 32), "groups": 2}
SMALL_EDGE = 16


def build(
    channels: int, outputs: int, widths: Sequence[int] = (16, 32, 64), groups: int = 8, prior: float = 0.5
) -> nn.Module:
    """One level for each width; edges must divide by 2 ** (levels - 1), widths by `groups`.

    `prior` is the probability around which the untrained network answers (Lin et al. 2017).
    """
    net = _PlainUNet(channels, outputs, tuple(widths), groups)
    nn.init.constant_(net.head.bias, math.log(prior / (1 - prior)))
    return net


class _PlainUNet(nn.Module):
    def __init__(self, channels: int, outputs: int, widths: tuple[int, ...], groups: int) -> None:
        super().__init__()
        steps = list(pairwise((channels, *widths)))
        self.encoder = nn.ModuleList(_twice(before, width, groups) for before, width in steps)
        back = list(pairwise(reversed(widths)))
        self.decoder = nn.ModuleList(_twice(deep + width, width, groups) for deep, width in back)
        self.head = nn.Conv3d(widths[0], outputs, kernel_size=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of the images' size."""
        maps, skips = images, []
        for index, block in enumerate(self.encoder):
            maps = block(functional.max_pool3d(maps, 2) if index else maps)
            skips.append(maps)
        for block, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            maps = functional.interpolate(maps, scale_factor=2, mode="trilinear", align_corners=False)
            maps = block(torch.cat([skip, maps], dim=1))
        return self.head(maps)


def _twice(before: int, width: int, groups: int) -> nn.Sequential:
    return nn.Sequential(*_unit(before, width, groups), *_unit(width, width, groups))


def _unit(before: int, width: int, groups: int) -> list[nn.Module]:
    convolution = nn.Conv3d(before, width, kernel_size=3, padding=1)
    return [convolution, nn.GroupNorm(groups, width), nn.ReLU(inplace=True)]
