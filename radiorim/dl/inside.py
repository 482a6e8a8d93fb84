"""A network that is asked only where it matters: many windows of a scan hold no brain, most no lesion."""

from __future__ import annotations

import torch
from torch import nn

from radiorim.dl.inference import logits_of

__all__ = ["OnlyInside"]


class OnlyInside(nn.Module):
    """The logits of `net` for windows (n, c + 1, x, y, z) whose last channel, a mask, is not empty.

    The others get minus infinity, probability 0, without being computed. At a voxel of the mask no window is
    left out: each that holds the voxel holds some of the mask.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net
        self.maps: int | None = None

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Logits (n, outputs, x, y, z)."""
        rows = windows[:, -1].flatten(1).any(1)
        if rows.all():
            return logits_of(self.net(windows[:, :-1]))
        if not rows.any():
            return self._nothing(windows)
        answer = logits_of(self.net(windows[rows, :-1]))
        self.maps = answer.shape[1]
        logits = answer.new_full((len(windows), *answer.shape[1:]), -torch.inf)
        logits[rows] = answer
        return logits

    def _nothing(self, windows: torch.Tensor) -> torch.Tensor:
        if self.maps is None:
            # Only the network knows how many maps it has.
            self.maps = logits_of(self.net(windows[:1, :-1])).shape[1]
        return windows.new_full((len(windows), self.maps, *windows.shape[2:]), -torch.inf)
