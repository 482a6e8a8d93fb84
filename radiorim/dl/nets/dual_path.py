"""Two visits through one encoder; what differs between their features is decoded.

Cabezas et al., MSSEG-2, 2021: the numbers of the proceedings; where they are silent, or at odds with
themselves, those of the code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

__all__ = ["SMALL", "SMALL_EDGE", "Difference", "Encoder", "Residual", "build", "decoded", "decoder"]

SMALL = {"widths": (8, 16, 32), "prior": 0.01}
SMALL_EDGE = 16


def build(
    channels: int,
    outputs: int,
    widths: Sequence[int] = (16, 32, 64, 128, 256, 512),
    group: int = 4,
    prior: float = 0.5,
) -> nn.Module:
    """The first half of the channels is the earlier visit, the second the later one.

    One level for each width, the last of which is the bottleneck; edges must divide by 2 ** (levels - 1),
    widths by `group`, the channels of a group of the normalisation. `prior` is the probability around which
    the untrained network answers (Lin et al. 2017).
    """
    net = _DualPath(channels // 2, outputs, tuple(widths), group)
    nn.init.constant_(net.head.bias, math.log(prior / (1 - prior)))
    return net


class Residual(nn.Module):
    """norm(ReLU(conv(x) + x')), with x' = x or its 1^3 convolution where widths differ."""

    def __init__(self, before: int, width: int, group: int) -> None:
        super().__init__()
        self.convolution = nn.Conv3d(before, width, kernel_size=3, padding=1)
        self.shortcut = nn.Identity() if before == width else nn.Conv3d(before, width, kernel_size=1)
        self.norm = nn.GroupNorm(width // group, width)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """As large as it came."""
        return self.norm(functional.relu(self.convolution(maps) + self.shortcut(maps)))


class Encoder(nn.Module):
    """Residual blocks, each after the maximum of 2^3 of the one before: the levels above the bottleneck."""

    def __init__(self, channels: int, widths: Sequence[int], group: int) -> None:
        super().__init__()
        steps = pairwise((channels, *widths))
        self.blocks = nn.ModuleList(Residual(before, width, group) for before, width in steps)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """The features of each level, the finest first."""
        levels = [self.blocks[0](images)]
        for block in list(self.blocks)[1:]:
            levels.append(block(functional.max_pool3d(levels[-1], 2)))
        return levels


class Difference(nn.Module):
    """Temporal attention: the embedded difference of two features, weighted by how little they agree.

    norm(ReLU((1 - a) W_v (f1 - f0))) with a = |mean over channels of q(f0) k(f1)|, cut at 1, where the 1^3
    convolutions q and k to half the channels are z-scored over space. A map of one voxel has no z-score: its
    a is 0.
    """

    def __init__(self, before: int, width: int, group: int) -> None:
        super().__init__()
        half = before // 2
        self.query = nn.Conv3d(before, half, kernel_size=1)
        self.key = nn.Conv3d(before, half, kernel_size=1)
        self.value = nn.Conv3d(before, width, kernel_size=1)
        self.norm = nn.GroupNorm(width // group, width)

    def agreement(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """a, (n, 1, x, y, z) in 0 to 1."""
        query, key = self.query(first), self.key(second)
        if query[0, 0].numel() == 1:
            # The product keeps the graph, so that every parameter has a gradient, which is 0.
            return (query * key).mean(dim=1, keepdim=True) * 0.0
        product = functional.instance_norm(query) * functional.instance_norm(key)
        return product.mean(dim=1, keepdim=True).abs().clamp(max=1)

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """(n, width, x, y, z)."""
        weight = 1 - self.agreement(first, second)
        return self.norm(functional.relu(weight * self.value(second - first)))


class _DualPath(nn.Module):
    def __init__(self, channels: int, outputs: int, widths: tuple[int, ...], group: int) -> None:
        super().__init__()
        self.encoder = Encoder(channels, widths[:-1], group)
        self.skips = nn.ModuleList(Difference(width, width, group) for width in widths[:-1])
        self.bottleneck = Difference(widths[-2], widths[-1], group)
        self.decoder = decoder(widths, group)
        self.head = nn.Conv3d(widths[0], outputs, kernel_size=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of the images' size."""
        first, second = (self.encoder(visit) for visit in images.chunk(2, dim=1))
        skips = [skip(*pair) for skip, pair in zip(self.skips, zip(first, second, strict=True), strict=True)]
        deepest = (functional.max_pool3d(levels[-1], 2) for levels in (first, second))
        return self.head(decoded(self.decoder, self.bottleneck(*deepest), skips))


def decoder(widths: Sequence[int], group: int) -> nn.ModuleList:
    """A residual block for each level above the bottleneck, the coarsest first."""
    steps = pairwise(reversed(widths))
    return nn.ModuleList(Residual(deep + width, width, group) for deep, width in steps)


def decoded(blocks: nn.ModuleList, maps: torch.Tensor, skips: Sequence[torch.Tensor]) -> torch.Tensor:
    """Up from the bottleneck: the nearest voxel, joined with the level's skip, through its block."""
    for block, skip in zip(blocks, reversed(skips), strict=True):
        raised = functional.interpolate(maps, size=skip.shape[2:], mode="nearest")
        maps = block(torch.cat([raised, skip], dim=1))
    return maps
