"""A network that makes more of a batch than it was shown, with its loss: what the training loop trains."""

from __future__ import annotations

import torch
from torch import nn

from radiorim.dl.radiomicjob import RadiomicBatch

__all__ = ["Oversampled"]


class Oversampled(nn.Module):
    """forward(batch) -> loss of the logits of `net` against the target, both with the rows that it added."""

    def __init__(self, net: nn.Module, loss: nn.Module) -> None:
        super().__init__()
        self.net, self.loss = net, loss

    def forward(self, batch: RadiomicBatch) -> torch.Tensor:
        """A scalar, in float32 also under mixed precision."""
        logits, target = self.net(batch.images, batch.radiomics, batch.target)
        with torch.autocast(batch.images.device.type, enabled=False):
            return self.loss(logits.float(), target)
