"""Focal loss on logits of one output (Lin et al. 2017), as MONAI computes it: monai.losses.FocalLoss."""

from __future__ import annotations

from torch import nn

__all__ = ["build"]


def build(gamma: float = 2.0, alpha: float | None = None) -> nn.Module:
    """-(1 - p)^gamma log p; `alpha` weighs positives and 1 - alpha negatives, None weighs both alike."""
    from monai.losses import FocalLoss

    return FocalLoss(gamma=gamma, alpha=alpha)
