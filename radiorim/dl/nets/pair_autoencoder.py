"""One autoencoder for both visits of a pair, each of which a block of its own draws in the end.

Cabezas et al., MSSEG-2, 2021: its encoder, taught without labels, is that of nets/dual_path.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from radiorim.dl.nets.dual_path import Encoder, Residual, decoded, decoder

__all__ = ["SMALL", "SMALL_EDGE", "build"]

SMALL = {"widths": (8, 16, 32)}
SMALL_EDGE = 16


def build(
    channels: int, outputs: int, widths: Sequence[int] = (16, 32, 64, 128, 256, 512), group: int = 4
) -> nn.Module:
    """The first half of the channels is the earlier visit, the second the later one.

    It gives (earlier visit, later visit, features of the one, features of the other, level by level): each
    visit drawn with `outputs` channels, then the features from the finest level to the bottleneck in turns.
    """
    return _PairAutoencoder(channels // 2, outputs, tuple(widths), group)


class _PairAutoencoder(nn.Module):
    def __init__(self, channels: int, outputs: int, widths: tuple[int, ...], group: int) -> None:
        super().__init__()
        self.encoder = Encoder(channels, widths[:-1], group)
        self.bottleneck = Residual(widths[-2], widths[-1], group)
        self.decoder = decoder(widths, group)
        self.drawn = nn.ModuleList(
            nn.Sequential(Residual(widths[0], widths[0], group), nn.Conv3d(widths[0], outputs, kernel_size=1))
            for _ in range(2)
        )

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Both visits as they were drawn, then the features of both."""
        drawn, features = [], []
        for head, visit in zip(self.drawn, images.chunk(2, dim=1), strict=True):
            levels = self.encoder(visit)
            levels.append(self.bottleneck(functional.max_pool3d(levels[-1], 2)))
            drawn.append(head(decoded(self.decoder, levels[-1], levels[:-1])))
            features.append(levels)
        return (*drawn, *(level for pair in zip(*features, strict=True) for level in pair))
