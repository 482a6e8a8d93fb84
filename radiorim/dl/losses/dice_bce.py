"""Soft Dice plus binary cross-entropy of each map on its own: for maps that are no alternatives."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["DiceBce", "build"]

SMOOTH = 1e-5


def build(dice: float = 0.5) -> nn.Module:
    """`dice` is the weight of the Dice part, 1 - `dice` that of the cross-entropy."""
    return DiceBce(dice)


class DiceBce(nn.Module):
    """Mean over maps of dice (1 - D) + (1 - dice) BCE, with D = (2 sum pt + s) / (sum p + sum t + s).

    Sums run over the whole batch, so that a patch without lesion has a defined loss. Voxels whose target is
    above 1 are of unknown kind and count nowhere. monai.losses.DiceCELoss is no substitute: of two maps it
    takes the cross-entropy of a softmax, which is 0 wherever neither of them is true.
    """

    def __init__(self, dice: float) -> None:
        super().__init__()
        self.dice = dice

    def forward(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Logits and target of one shape (n, maps, x, y, z); a scalar."""
        known = (target <= 1).to(logits.dtype)
        axes = (0, *range(2, logits.ndim))
        true, said = target * known, logits.sigmoid() * known
        both, each = (said * true).sum(axes), said.sum(axes) + true.sum(axes)
        overlap = (2 * both + SMOOTH) / (each + SMOOTH)
        plain = functional.binary_cross_entropy_with_logits(logits, true, reduction="none") * known
        surprise = plain.sum(axes) / known.sum(axes).clamp(min=1)
        return (self.dice * (1 - overlap) + (1 - self.dice) * surprise).mean()
