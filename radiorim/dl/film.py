"""Spatial FiLM: features of one image scaled and shifted, voxel by voxel, by what another image shows there.

Perez et al. 2018 with maps in place of vectors, as in FRODO (arXiv:2606.16756).
"""

from __future__ import annotations

from math import gcd

import torch
from torch import nn

__all__ = ["SpatialFilm", "group_norm"]


class SpatialFilm(nn.Module):
    """(1 + d_gamma) m + beta, with d_gamma, beta = g(c) of the context c on the same grid.

    g is one 1x1x1 convolution, or with `hidden` channels a 3x3x3 convolution to them, GroupNorm and ReLU
    before it. Its last layer starts at zero: at the start the output is m.
    """

    def __init__(self, channels: int, hidden: int = 0) -> None:
        super().__init__()
        trunk: list[nn.Module] = []
        if hidden:
            trunk = [nn.Conv3d(channels, hidden, 3, padding=1, bias=False), group_norm(hidden), nn.ReLU()]
        last = nn.Conv3d(hidden or channels, 2 * channels, kernel_size=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.conditions = nn.Sequential(*trunk, last)

    def forward(self, maps: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Both (n, channels, x, y, z); the same shape comes back."""
        d_gamma, beta = self.conditions(context).chunk(2, dim=1)
        return (1 + d_gamma) * maps + beta


def group_norm(channels: int) -> nn.GroupNorm:
    """GroupNorm with as many groups as 16 and the number of channels allow."""
    return nn.GroupNorm(gcd(16, channels), channels)
