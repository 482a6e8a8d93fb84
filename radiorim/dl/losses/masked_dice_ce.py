"""Dice plus binary cross-entropy on logits over the voxels whose target is known: NaN says it is not."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["MaskedDiceCE", "build"]


def build(smooth: float = 1e-5) -> nn.Module:
    """`smooth` is added above and below in the Dice, so that a batch without a lesion has a defined loss."""
    return MaskedDiceCE(smooth)


class MaskedDiceCE(nn.Module):
    """1 - (2 sum p t + s) / (sum p + sum t + s) + mean cross-entropy, over the known voxels of the batch."""

    def __init__(self, smooth: float) -> None:
        super().__init__()
        self.smooth = smooth

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Logits and target of one shape; a scalar."""
        known = ~target.isnan()
        said, true = logits[known], target[known]
        probability = said.sigmoid()
        overlap = 2 * (probability * true).sum() + self.smooth
        dice = 1 - overlap / (probability.sum() + true.sum() + self.smooth)
        return dice + functional.binary_cross_entropy_with_logits(said, true)
