"""What an autoencoder of pairs learns from: features that agree between visits, and both visits drawn."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from radiorim.dl.patches import Batch

__all__ = ["PairsAlone", "pair_losses"]


class PairsAlone(nn.Module):
    """forward(batch) -> consistency + reconstruction of `net(batch.images)`; the target is not looked at."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, batch: Batch) -> torch.Tensor:
        """A scalar, in float32 also under mixed precision."""
        output = self.net(batch.images)
        with torch.autocast(batch.images.device.type, enabled=False):
            return sum(pair_losses([part.float() for part in output], batch.images))


def pair_losses(output: Sequence[torch.Tensor], images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(consistency, reconstruction) of what `nets/pair_autoencoder.py` gives.

    Consistency is the sum over levels of the mean squared difference between the features of the visits,
    reconstruction the sum over visits of that between image and drawing.
    """
    first, second, *features = output
    consistency = sum(
        functional.mse_loss(one, other) for one, other in zip(features[::2], features[1::2], strict=True)
    )
    drawn = zip((first, second), images.chunk(2, dim=1), strict=True)
    return consistency, sum(functional.mse_loss(drawing, visit) for drawing, visit in drawn)
