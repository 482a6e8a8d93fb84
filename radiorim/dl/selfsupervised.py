"""What a network can learn of patches without being told their kind: modules for the training loop."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional

from radiorim.dl.patches import Batch
from radiorim.errors import DataError

__all__ = ["CrossModalRegression", "TwoViewContrast"]


class CrossModalRegression(nn.Module):
    """forward(batch) -> mean((phi(pool(context)) - pool(main))^2), phi two dense layers with ReLU between.

    `net` has encoders `main` and `context`; nothing else of it is trained. Unless `stop_gradient` holds the
    target still, both encoders could make it a constant, which is predicted without error and worth nothing.
    So the SD of each of its dimensions over a batch is watched while training: if their mean falls below
    `collapse` times that of the first batch, `DataError` ends the training.
    """

    start_sd: torch.Tensor
    sd: torch.Tensor

    def __init__(self, net: nn.Module, *, width: int, stop_gradient: bool, collapse: float) -> None:
        super().__init__()
        self.main, self.context = net.main, net.context
        self.phi = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.stop_gradient, self.collapse = stop_gradient, collapse
        # Buffers, so that a training that is taken up again knows how it started.
        self.register_buffer("start_sd", torch.full((width,), math.nan))
        self.register_buffer("sd", torch.full((width,), math.nan))

    def forward(self, batch: Batch) -> torch.Tensor:
        """A scalar, in float32 also under mixed precision."""
        target = self.main(batch.images[:, :1]).float().mean(dim=(2, 3, 4))
        context = self.context(batch.images[:, 1:]).float().mean(dim=(2, 3, 4))
        if self.training and len(target) > 1:
            self._watch(target.detach().std(dim=0, correction=0))
        with torch.autocast(target.device.type, enabled=False):
            return functional.mse_loss(self.phi(context), target.detach() if self.stop_gradient else target)

    def told(self) -> dict[str, float]:
        """The mean and the smallest SD of the target's dimensions over the last batch, for `metrics.tsv`."""
        return {"target_sd_mean": float(self.sd.mean()), "target_sd_min": float(self.sd.min())}

    def _watch(self, sd: torch.Tensor) -> None:
        if self.start_sd.isnan().all():
            self.start_sd.copy_(sd)
        self.sd.copy_(sd)
        now, start = float(sd.mean()), float(self.start_sd.mean())
        if now < self.collapse * start:
            raise DataError(
                f"the pretraining collapsed: the features to be predicted vary by {now:.3g} from lesion to "
                f"lesion, at the start by {start:.3g}. Set stop_gradient=True, or a lower learning rate."
            )


class TwoViewContrast(nn.Module):
    """forward(batch) -> NT-Xent (Chen et al. 2020) of a batch in which each lesion stands twice in a row.

    `net.pooled(images)` is mapped to `width` numbers by two dense layers with ReLU between; the loss is
    monai.losses.ContrastiveLoss.
    """

    def __init__(self, net: nn.Module, *, features: int, width: int, temperature: float) -> None:
        super().__init__()
        from monai.losses import ContrastiveLoss

        self.net = net
        self.project = nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Linear(features, width))
        self.loss = ContrastiveLoss(temperature=temperature)

    def forward(self, batch: Batch) -> torch.Tensor:
        """A scalar, in float32 also under mixed precision."""
        pooled = self.net.pooled(batch.images).float()
        with torch.autocast(pooled.device.type, enabled=False):
            seen = self.project(pooled)
            return self.loss(seen[0::2], seen[1::2])
