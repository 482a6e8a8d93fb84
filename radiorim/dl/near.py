"""A segmenter that is asked only where there is a lesion: most windows of a brain hold none."""

from __future__ import annotations

import torch
from torch import nn

from radiorim.dl.inference import logits_of

__all__ = ["NearLesions"]


class NearLesions(nn.Module):
    """The logits of `net` for windows (n, c + 1, x, y, z) whose last channel, the lesion mask, is not empty.

    The others get 0 without being computed. At a lesion voxel no window is left out: each that holds the
    voxel holds a lesion.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Logits (n, outputs, x, y, z)."""
        rows = windows[:, -1].flatten(1).any(1)
        # One window at least, since only the network knows how many maps it has.
        asked = rows.nonzero().flatten() if rows.any() else torch.zeros(1, dtype=torch.long)
        answer = logits_of(self.net(windows[asked, :-1]))
        logits = answer.new_zeros((len(windows), *answer.shape[1:]))
        logits[asked] = answer
        return logits
