"""SMOTE inside a network: new positives between the latent positives of a batch (Zhang et al. 2022)."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["DeepSmote"]


class DeepSmote(nn.Module):
    """To N rows with n positives, append `neighbours` new positives for each positive, while training.

    new = p + u (q - p), with q one of p's nearest positives (Euclidean) and u ~ U(0, 1) of its own for each
    new row. With `itself` p counts as its own first neighbour, so that n of the new rows are copies. With
    fewer positives than p and its neighbours nothing is added. Gradients reach p and q.
    """

    def __init__(self, neighbours: int = 2, *, itself: bool = False) -> None:
        super().__init__()
        self.neighbours, self.itself = neighbours, itself

    def forward(self, latent: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows (N, d) with target (N, 1), 1 for positives, to (N + k n, d) and (N + k n, 1)."""
        positives = latent[target[:, 0] == 1]
        if not self.training or len(positives) < self.neighbours + (not self.itself):
            return latent, target
        nearest = self._nearest(positives.detach())
        u = torch.rand(*nearest.shape, 1, device=latent.device, dtype=latent.dtype)
        start = positives[:, None]
        made = (start + u * (positives[nearest] - start)).flatten(0, 1)
        return torch.cat([latent, made]), torch.cat([target, target.new_ones(len(made), 1)])

    def _nearest(self, positives: torch.Tensor) -> torch.Tensor:
        """For each row the numbers of its neighbours, (n, k)."""
        away = torch.cdist(positives.float(), positives.float())
        # Equal rows are at distance 0 too: which of them a row itself is must not be left to chance.
        away.fill_diagonal_(-1.0 if self.itself else torch.inf)
        return away.topk(self.neighbours, dim=1, largest=False).indices
