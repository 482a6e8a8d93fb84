"""A network with its loss as one module: what the training loop trains."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from radiorim.dl.patches import Batch

__all__ = ["Supervised"]


class Supervised(nn.Module):
    """forward(batch) -> loss of `net(batch.images)` against `batch.target`.

    A network that gives a list of logits while training (deep supervision) gets the loss of each head,
    weighted by `deep_weights` (halves if none are given), by monai.losses.DeepSupervisionLoss; a tuple is
    passed to the loss as it is. Parameters of the loss are learned with the network's.
    """

    def __init__(self, net: nn.Module, loss: nn.Module, deep_weights: Sequence[float] = ()) -> None:
        super().__init__()
        self.net, self.loss = net, loss
        self.deep_weights = list(deep_weights) or None

    def told(self) -> dict[str, float]:
        """What the loss says of itself."""
        return self.loss.told() if hasattr(self.loss, "told") else {}

    def forward(self, batch: Batch) -> torch.Tensor:
        """A scalar, in float32 also under mixed precision."""
        output = self.net(batch.images)
        with torch.autocast(batch.images.device.type, enabled=False):
            if isinstance(output, list):
                from monai.losses import DeepSupervisionLoss

                deep = DeepSupervisionLoss(self.loss, weights=self.deep_weights)
                return deep([head.float() for head in output], batch.target)
            output = tuple(part.float() for part in output) if isinstance(output, tuple) else output.float()
            return self.loss(output, batch.target)
