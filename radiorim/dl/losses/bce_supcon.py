"""Cross-entropy plus a learned share of the supervised contrastive loss (Khosla et al. 2020)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

__all__ = ["BceSupCon", "build", "supcon"]


def build(temperature: float = 0.1, start: float = -2.5, form: str = "out") -> nn.Module:
    """The network must give (logits, embeddings). The weight is softplus(w), w learned from `start`."""
    return BceSupCon(temperature, start, form)


class BceSupCon(nn.Module):
    """BCE(logits) + softplus(w) SupCon(embeddings)."""

    def __init__(self, temperature: float, start: float, form: str) -> None:
        super().__init__()
        self.temperature, self.form = temperature, form
        self.w = nn.Parameter(torch.tensor(float(start)))

    def forward(self, output: tuple[torch.Tensor, torch.Tensor], target: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1) with embeddings (n, d), and target (n, 1)."""
        logits, embeddings = output
        contrast = supcon(embeddings, target.flatten(), temperature=self.temperature, form=self.form)
        plain = functional.binary_cross_entropy_with_logits(logits, target)
        return plain + functional.softplus(self.w) * contrast

    def told(self) -> dict[str, float]:
        """The weight of the contrast: nothing but the contrast itself keeps it from falling to 0."""
        return {"contrast_weight": float(functional.softplus(self.w.detach()))}


def supcon(z: torch.Tensor, y: torch.Tensor, *, temperature: float, form: str = "out") -> torch.Tensor:
    """Supervised contrastive loss of embeddings (n, d), made unit vectors here, with labels (n,).

    form "out": mean over anchors i with a positive p (same label, not i) of
    -1/|P(i)| sum_p (z_i.z_p/t - logsumexp_{a != i} z_i.z_a/t); "in": -log(sum_p exp / sum_{a != i} exp).
    Anchors without a positive are skipped; a batch without any gives 0 that still carries a graph.
    """
    z = functional.normalize(z, dim=1)
    own = torch.eye(len(z), dtype=torch.bool, device=z.device)
    near = (z @ z.T / temperature).masked_fill(own, -torch.inf)
    same = (y[:, None] == y[None, :]) & ~own
    anchors = same.any(1)
    if not anchors.any():
        return z.sum() * 0.0
    near, same = near[anchors], same[anchors]
    everyone = near.logsumexp(1)
    if form == "in":
        return (everyone - near.masked_fill(~same, -torch.inf).logsumexp(1)).mean()
    mean = torch.where(same, near, 0.0).sum(1) / same.sum(1)
    return (everyone - mean).mean()
