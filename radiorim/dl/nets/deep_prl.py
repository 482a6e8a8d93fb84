"""Deep-PRL: one branch for each image, and one for the lesion's mask whose map they all get to see.

Spagnolo et al., conference abstract; the layers are those of the authors' code. What they call attention is a
concatenation of maps.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from radiorim.errors import UnknownName, UsageError

__all__ = ["SMALL", "SMALL_EDGE", "DeepPrl", "build"]

SMALL = {"widths": (8, 16, 32), "size": 16}
SMALL_EDGE = 16
GATES = ("concat", "multiply")


def build(
    channels: int,
    outputs: int,
    widths: Sequence[int] = (32, 64, 128),
    size: int = 28,
    gate: str = "concat",
) -> nn.Module:
    """(n, channels, size, size, size), the mask as last channel, to (n, outputs).

    Each output is the difference of two numbers: its sigmoid is their softmax, as published. `gate` says how
    the mask's map meets the images' after the first block: `concat` (published) or `multiply` by its sigmoid.
    """
    if gate not in GATES:
        raise UnknownName("gate", gate, GATES)
    if channels < 2:
        raise UsageError(f"deep-prl takes images and a mask, not {channels} channel. Set own_mask=True.")
    return DeepPrl(channels - 1, outputs, widths=tuple(widths), size=size, gate=gate)


class DeepPrl(nn.Module):
    """The network, for so many images besides the mask, and patches of `size` voxels an edge."""

    def __init__(self, images: int, outputs: int, *, widths: tuple[int, ...], size: int, gate: str) -> None:
        super().__init__()
        self.size, self.gate = size, gate
        self.low = nn.ModuleList(_block(1, widths[0]) for _ in range(images))
        self.mask = _block(1, widths[0])
        self.high = nn.ModuleList(_upper(widths, gate) for _ in range(images))
        edge = size
        for _ in widths:
            edge = -(-edge // 2)
        # No activation between the two, as published: together they are one linear map.
        self.dense = nn.Sequential(nn.Linear(images * edge**3, 32), nn.Linear(32, 2 * outputs))
        self.apply(_start)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits. Raises `UsageError` for a patch of another size."""
        if images.shape[2:] != (self.size,) * 3:
            raise UsageError(
                f"deep-prl was built for cubes of {self.size} voxels, not {tuple(images.shape[2:])}. "
                "Set its option `size` to the edge of the patch."
            )
        mask = self.mask(images[:, -1:])
        maps = [low(images[:, at : at + 1]) for at, low in enumerate(self.low)]
        seen = [high(self._met(each, mask)).flatten(1) for each, high in zip(maps, self.high, strict=True)]
        no, yes = self.dense(torch.cat(seen, dim=1)).chunk(2, dim=1)
        return yes - no

    def _met(self, maps: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return torch.cat([maps, mask], dim=1) if self.gate == "concat" else maps * mask.sigmoid()


def _upper(widths: tuple[int, ...], gate: str) -> nn.Module:
    """The blocks above the first, and a last convolution to one channel."""
    first = 2 * widths[0] if gate == "concat" else widths[0]
    before = (first, *widths[1:-1])
    blocks = [_block(old, new) for old, new in zip(before, widths[1:], strict=True)]
    return nn.Sequential(*blocks, nn.Conv3d(widths[-1], 1, kernel_size=1))


def _block(before: int, width: int) -> nn.Module:
    """Two convolutions, each with batch norm and tanh; then half the resolution, rounded up."""
    layers: list[nn.Module] = []
    for old in (before, width):
        layers += [nn.Conv3d(old, width, kernel_size=3, padding=1), nn.BatchNorm3d(width), nn.Tanh()]
    return nn.Sequential(*layers, nn.MaxPool3d(2, ceil_mode=True))


def _start(module: nn.Module) -> None:
    """Xavier (uniform) for convolutions, a normal of SD 0.02 cut at +-2 for dense layers, biases zero."""
    if isinstance(module, nn.Conv3d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)
