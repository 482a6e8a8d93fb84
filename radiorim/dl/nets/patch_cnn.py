"""A small classifier of patches: stages of two convolutions, each at half the resolution before."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["SMALL", "build"]

SMALL = {"widths": (8, 16, 32)}


def build(
    channels: int, outputs: int, widths: Sequence[int] = (16, 32, 64), dropout: float = 0.2
) -> nn.Module:
    """(n, channels, x, y, z) to (n, outputs): GroupNorm, so that a batch of one is judged like any other.

    Each width must be divisible by 4 (the groups). Global mean and maximum of the last maps are joined.
    """
    stages: list[nn.Module] = []
    for index, width in enumerate(widths):
        before = channels if index == 0 else widths[index - 1]
        stages += [_unit(before, width), _unit(width, width, stride=2)]
    return nn.Sequential(*stages, _MeanAndMax(), nn.Dropout(dropout), nn.Linear(2 * widths[-1], outputs))


def _unit(before: int, width: int, stride: int = 1) -> nn.Module:
    convolution = nn.Conv3d(before, width, kernel_size=3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(4, width), nn.LeakyReLU(0.01, inplace=True))


class _MeanAndMax(nn.Module):
    """Mean and maximum of each map, joined: (n, c, ...) to (n, 2 c)."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        flat = maps.flatten(2)

        return torch.cat([flat.mean(2), flat.amax(2)], dim=1)
