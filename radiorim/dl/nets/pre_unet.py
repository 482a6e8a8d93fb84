"""Pre-U-Net (Ashtari et al., MSSEG-2, 2021): a U-Net of pre-activation residual blocks (He et al. 2016).

A block is x' + conv(act(norm(conv(act(norm(x)))))), with x' = x or its 1^3 convolution where widths differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

__all__ = ["SMALL", "SMALL_EDGE", "PreActivation", "build"]

SMALL = {"widths": (8, 16, 24, 32)}
SMALL_EDGE = 16


def build(
    channels: int,
    outputs: int,
    widths: Sequence[int] = (32, 64, 128, 256, 512),
    deep_heads: int = 3,
    sampler_kernel: int = 2,
) -> nn.Module:
    """One level for each width, each half the size before; edges must divide by 2 ** (levels - 1).

    The encoder's maps are added to the decoder's. Widths must divide by 8, the channels of a group. While
    training it gives a list of logits at `deep_heads` resolutions, from fine to coarse, each half the last.
    """
    return _PreUNet(channels, outputs, tuple(widths), deep_heads, sampler_kernel)


class PreActivation(nn.Module):
    """Twice group normalisation (8 channels a group), leaky ReLU, 3^3 convolution; and the shortcut."""

    def __init__(self, before: int, width: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(*_unit(before, width), *_unit(width, width))
        self.shortcut = nn.Identity() if before == width else nn.Conv3d(before, width, kernel_size=1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """The sum of shortcut and residual."""
        return self.shortcut(maps) + self.residual(maps)


class _PreUNet(nn.Module):
    def __init__(
        self, channels: int, outputs: int, widths: tuple[int, ...], deep_heads: int, kernel: int
    ) -> None:
        super().__init__()
        self.stem = nn.Conv3d(channels, widths[0], kernel_size=3, padding=1)
        self.first = PreActivation(widths[0], widths[0])
        steps = list(pairwise(widths))
        self.down = nn.ModuleList(_down(fine, coarse, kernel) for fine, coarse in steps)
        self.encoder = nn.ModuleList(PreActivation(coarse, coarse) for _, coarse in steps)
        self.up = nn.ModuleList(_up(coarse, fine, kernel) for fine, coarse in reversed(steps))
        self.decoder = nn.ModuleList(PreActivation(fine, fine) for fine, _ in reversed(steps))
        finest = widths[: max(deep_heads, 1)]
        self.heads = nn.ModuleList(nn.Conv3d(width, outputs, kernel_size=1) for width in finest)

    def forward(self, images: torch.Tensor) -> torch.Tensor | list[torch.Tensor]:
        """Logits of the images' size, or while training with several heads the list of them."""
        maps = self.first(self.stem(images))
        skips = [maps]
        for down, block in zip(self.down, self.encoder, strict=True):
            maps = block(down(maps))
            skips.append(maps)
        levels = [skips.pop()]
        for up, block in zip(self.up, self.decoder, strict=True):
            levels.append(block(up(levels[-1]) + skips.pop()))
        if not self.training or len(self.heads) == 1:
            return self.heads[0](levels[-1])
        return [head(level) for head, level in zip(self.heads, reversed(levels), strict=False)]


def _unit(before: int, width: int) -> list[nn.Module]:
    convolution = nn.Conv3d(before, width, kernel_size=3, padding=1)
    return [nn.GroupNorm(before // 8, before), nn.LeakyReLU(0.01), convolution]


def _down(fine: int, coarse: int, kernel: int) -> nn.Module:
    return nn.Conv3d(fine, coarse, kernel, stride=2, padding=(kernel - 1) // 2)


def _up(coarse: int, fine: int, kernel: int) -> nn.Module:
    odd = kernel % 2
    return nn.ConvTranspose3d(coarse, fine, kernel, stride=2, padding=(kernel - 1) // 2, output_padding=odd)
