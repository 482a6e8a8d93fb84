"""Binary cross-entropy on logits."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["build"]


def build(positive_weight: float = 1.0) -> nn.Module:
    """Mean over all numbers; a positive one counts `positive_weight` times."""
    return nn.BCEWithLogitsLoss(pos_weight=torch.tensor(float(positive_weight)))
