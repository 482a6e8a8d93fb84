"""A network that learns from the patches that its slow copy gets most wrong (Shrivastava et al. 2016)."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn
from torch.nn import functional

from radiorim.dl.inference import logits_of
from radiorim.dl.patches import Batch
from radiorim.dl.supervised import Supervised

__all__ = ["Mined", "patch_errors"]


class Mined(nn.Module):
    """forward(batch) -> loss of the hardest `share` of the batch; `teacher` is the copy that ranks it.

    The copy is brought up to date when the next batch comes, so that it is part of the weights that are saved
    and a resumed training goes on exactly. One batch must be one step (no accumulation).
    """

    def __init__(self, supervised: Supervised, share: float, momentum: float) -> None:
        super().__init__()
        self.supervised, self.share, self.momentum = supervised, share, momentum
        self.teacher = deepcopy(supervised.net).requires_grad_(False).eval()

    @property
    def net(self) -> nn.Module:
        """The network that learns, and that is asked in the end."""
        return self.supervised.net

    def train(self, mode: bool = True) -> Mined:
        """As everywhere, but the copy always judges as it would be asked: without dropout."""
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, batch: Batch) -> torch.Tensor:
        """A scalar, in float32 also under mixed precision."""
        with torch.no_grad():
            self._follow()
            rows = self.hardest(batch)
        return self.supervised(Batch(batch.images[rows], batch.target[rows], batch.share))

    def hardest(self, batch: Batch) -> torch.Tensor:
        """The rows of the patches with the largest errors, the largest first."""
        errors = patch_errors(logits_of(self.teacher(batch.images)).float(), batch.target)
        return errors.topk(max(1, round(self.share * len(errors)))).indices

    def _follow(self) -> None:
        """w' <- momentum w' + (1 - momentum) w; running statistics are taken as they are."""
        for slow, quick in zip(self.teacher.parameters(), self.net.parameters(), strict=True):
            slow.lerp_(quick, 1 - self.momentum)
        for slow, quick in zip(self.teacher.buffers(), self.net.buffers(), strict=True):
            slow.copy_(quick)


def patch_errors(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Soft Dice loss (1 voxel added above and below) plus mean cross-entropy of each patch, (n,) of (n, ...).

    1 - (2 sum p t + 1) / (sum p + sum t + 1): without the added voxel it is 1 for every patch without lesion,
    whatever was said, and these alone would be picked.
    """
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none").flatten(1).mean(1)
    said, true = logits.sigmoid().flatten(1), target.flatten(1)
    return each + 1 - (2 * (said * true).sum(1) + 1) / (said.sum(1) + true.sum(1) + 1)
