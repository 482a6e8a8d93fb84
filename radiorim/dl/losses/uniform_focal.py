"""Focal loss whose alpha weighs both classes alike, as Deep-PRL's code has it: alpha only scales the loss."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["UniformFocal", "build"]


def build(gamma: float = 2.0, alpha: float = 0.2) -> nn.Module:
    """Mean of -alpha (1 - p_t)^gamma log p_t on logits of one output, p_t the true class's probability."""
    return UniformFocal(gamma, alpha)


class UniformFocal(nn.Module):
    """monai.losses.FocalLoss times alpha."""

    def __init__(self, gamma: float, alpha: float) -> None:
        super().__init__()
        from monai.losses import FocalLoss

        self.focal, self.alpha = FocalLoss(gamma=gamma), alpha

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Logits and target, both (n, 1)."""
        return self.alpha * self.focal(output, target)
