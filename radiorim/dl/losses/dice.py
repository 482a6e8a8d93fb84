"""Soft Dice on logits of one output, as MONAI computes it: monai.losses.DiceLoss."""

from __future__ import annotations

from torch import nn

__all__ = ["build"]


def build(batch: bool = True, squared: bool = False, smooth: float = 1e-5) -> nn.Module:
    """`batch` takes the overlap over the whole batch, so that a patch without lesion has a defined loss.

    `squared` squares the terms of the denominator (V-Net). `smooth` is added above and below: with 1 a patch
    without lesion has a gradient of its own.
    """
    from monai.losses import DiceLoss

    return DiceLoss(sigmoid=True, batch=batch, squared_pred=squared, smooth_nr=smooth, smooth_dr=smooth)
