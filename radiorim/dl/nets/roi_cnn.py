"""Seven convolutions without pooling, for regions of any size (Hamzaoui et al., MSSEG-2, 2021).

The visits pass three convolutions. Maps of where a voxel lies join them before the fourth, the features of
the second convolution before the fifth, the later visit itself before the last.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

__all__ = ["SMALL", "SMALL_EDGE", "MaskedBatchNorm", "build"]

SMALL = {"widths": (8, 8, 8, 8, 8, 8)}
SMALL_EDGE = 24


def build(channels: int, outputs: int, widths: Sequence[int] = (16, 32, 32, 32, 32, 16)) -> nn.Module:
    """Channels: the earlier visit, the later one, then any number of maps. `widths` of all but the last.

    Regions of different size are stacked by filling up with NaN behind them: such voxels count neither in
    convolutions nor in the normalisation, so a region is judged as it would be alone. Their logits are 0.
    """
    return _RoiCnn(channels, outputs, tuple(widths))


class MaskedBatchNorm(nn.BatchNorm3d):
    """Batch normalisation whose mean and variance are those of the voxels inside, (n, 1, x, y, z) of 0 and 1.

    Where all are inside it is torch's own.
    """

    def forward(self, maps: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """Normalised maps; what lies outside means nothing."""
        if not self.training:
            return super().forward(maps)
        with torch.autocast(maps.device.type, enabled=False):
            values, count = maps.float(), inside.sum()
            mean = (values * inside).sum((0, 2, 3, 4)) / count
            away = (values - _wide(mean)) * inside
            variance = away.square().sum((0, 2, 3, 4)) / count
            self._remember(mean.detach(), variance.detach() * count / (count - 1).clamp(min=1))
            scale = self.weight * torch.rsqrt(variance + self.eps)
            return (values - _wide(mean)) * _wide(scale) + _wide(self.bias)

    @torch.no_grad()
    def _remember(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


class _Unit(nn.Module):
    """Convolution of 3^3, batch normalisation, ReLU; 0 outside, as it would be beyond the region's edge."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.convolution = nn.Conv3d(before, width, kernel_size=3, padding=1)
        self.norm = MaskedBatchNorm(width)

    def forward(self, maps: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.norm(self.convolution(maps), inside)) * inside


class _RoiCnn(nn.Module):
    def __init__(self, channels: int, outputs: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        first, second, third, fourth, fifth, sixth = widths
        self.conv1 = _Unit(2, first)
        self.conv2 = _Unit(first, second)
        self.conv3 = _Unit(second, third)
        self.conv4 = _Unit(third + channels - 2, fourth)
        self.conv5 = _Unit(fourth + second, fifth)
        self.conv6 = _Unit(fifth, sixth)
        self.conv7 = nn.Conv3d(sixth + 1, outputs, kernel_size=3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of the images' size."""
        inside = (~images[:, :1].isnan()).to(images.dtype)
        images = images.nan_to_num(0.0)
        visits, maps = images[:, :2], images[:, 2:]
        early = self.conv2(self.conv1(visits, inside), inside)
        placed = self.conv4(torch.cat([self.conv3(early, inside), maps], dim=1), inside)
        joined = self.conv5(torch.cat([placed, early], dim=1), inside)
        late = self.conv6(joined, inside)
        return self.conv7(torch.cat([late, visits[:, 1:]], dim=1)) * inside


def _wide(numbers: torch.Tensor) -> torch.Tensor:
    """One number for each channel, as it stands beside (n, c, x, y, z)."""
    return numbers[:, None, None, None]
