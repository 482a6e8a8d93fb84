"""Binary cross-entropy over the hardest voxels only: the mean of the largest `share` of the losses."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["TopK", "build"]


def build(share: float = 0.1) -> nn.Module:
    """`share` of the voxels of each sample, at least one."""
    return TopK(share)


class TopK(nn.Module):
    """Mean of the `share` largest cross-entropies of each sample, then over the samples."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Logits and target of one shape (n, ...); a scalar."""
        each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none").flatten(1)
        return each.topk(max(1, int(self.share * each.shape[1])), dim=1).values.mean()
