"""One tiny U-Net++ for either visit, and a few convolutions that compare what all its decoders say.

Fenneteau et al., MSSEG-2, 2021. The shared network is MPU-net crossed with U-Net++ (Zhou et al. 2019): of a
grid of nodes X(i, j), level i and column j, each is two convolutions of [X(i, 0) ... X(i, j - 1), up
X(i + 1, j - 1)], and X(0, 1), X(0, 2), ... each draw a map of lesions in one scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

__all__ = ["SMALL", "SMALL_EDGE", "Nested", "build"]

SMALL = {"widths": (4, 4), "refined": (8, 8), "dropout": (0.0, 0.0)}
SMALL_EDGE = 16
START, SPREAD = -6.0, 3.0
"""Mean and SD of the logits before training: few voxels are lesion, and normalised values move slowly."""


def build(
    channels: int,
    outputs: int,
    widths: Sequence[int] = (6, 6, 6, 6),
    refined: Sequence[int] = (16, 16, 8),
    dropout: Sequence[float] = (0.1, 0.2),
) -> nn.Module:
    """The first half of the channels is the earlier visit, the second the later one.

    One level for each of `widths`; edges must divide by 2 ** (levels - 1). `refined` are the widths of the
    convolutions that compare, but for the last. `dropout` are the shares of maps dropped after each node and
    before the comparison.
    """
    branch = Nested(channels // 2, tuple(widths), dropout[0])
    steps = list(pairwise((2 * (len(widths) - 1), *refined, outputs)))
    hidden = [layer for before, after in steps[:-1] for layer in (*_normed(before, after), nn.ReLU())]
    convolution, norm = _normed(*steps[-1])
    nn.init.constant_(norm.weight, SPREAD)
    nn.init.constant_(norm.bias, START)
    return _Siamese(branch, nn.Sequential(nn.Dropout3d(dropout[1]), *hidden, convolution, norm))


class Nested(nn.Module):
    """The U-Net++ of one scan: (n, channels, x, y, z) to (n, levels - 1, x, y, z), a map of each decoder."""

    def __init__(self, channels: int, widths: tuple[int, ...], dropout: float) -> None:
        super().__init__()
        self.levels = levels = len(widths)
        self.nodes = nn.ModuleDict()
        for column in range(levels):
            for level in range(levels - column):
                above = widths[level - 1] if level else channels
                before = widths[level] * column + widths[level + 1] if column else above
                self.nodes[f"{level}-{column}"] = _twice(before, widths[level], dropout)
        self.heads = nn.ModuleList(nn.Conv3d(widths[0], 1, kernel_size=1) for _ in range(levels - 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of lesions in this scan, the shallowest decoder first."""
        grid = [[self.nodes["0-0"](images)]]
        for level in range(1, self.levels):
            grid.append([self.nodes[f"{level}-0"](functional.max_pool3d(grid[-1][0], 2))])
        for column in range(1, self.levels):
            for level in range(self.levels - column):
                deeper = functional.interpolate(grid[level + 1][column - 1], scale_factor=2, mode="nearest")
                joined = torch.cat([*grid[level], deeper], dim=1)
                grid[level].append(self.nodes[f"{level}-{column}"](joined))
        return torch.cat([head(maps) for head, maps in zip(self.heads, grid[0][1:], strict=True)], dim=1)


class _Siamese(nn.Module):
    def __init__(self, branch: Nested, refinement: nn.Module) -> None:
        super().__init__()
        self.branch, self.refinement = branch, refinement

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of the images' size."""
        before, after = images.chunk(2, dim=1)
        # One call for both visits: batch normalisation sees both alike.
        maps = self.branch(torch.cat([before, after])).sigmoid()
        return self.refinement(torch.cat(maps.chunk(2), dim=1))


def _twice(before: int, width: int, dropout: float) -> nn.Sequential:
    layers = [*_normed(before, width), nn.ReLU(), *_normed(width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout3d(dropout))


def _normed(before: int, after: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv3d(before, after, kernel_size=3, padding=1), nn.BatchNorm3d(after)
