"""Lesions with radiomics beside their patches, as a job for the training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.dl.device import memory_format
from radiorim.dl.lesionjob import LesionJob
from radiorim.metrics.classification import pr_auc

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["RadiomicBatch", "RadiomicJob", "answers"]


@dataclass(frozen=True, eq=False)
class RadiomicBatch:
    """Patches with the radiomics (n, features) of their lesions and their kinds (n, 1)."""

    images: torch.Tensor
    radiomics: torch.Tensor
    target: torch.Tensor
    share: float = 1.0

    def to(self, device: torch.device) -> RadiomicBatch:
        """The same on a device."""
        images = self.images.to(device, memory_format=memory_format(device), non_blocking=True)
        return RadiomicBatch(images, self.radiomics.to(device), self.target.to(device), self.share)


@dataclass(frozen=True, eq=False)
class RadiomicJob:
    """`radiorim.dl.loop.Job`: the patches of a `LesionJob` with the rows of its lesions and held-out ones."""

    patches: LesionJob
    rows: np.ndarray
    held_rows: np.ndarray

    def batches(self, epoch: int) -> Iterable[RadiomicBatch]:
        """The batches of an epoch."""
        import torch

        order, at = self.patches.rows(epoch), 0
        for batch in self.patches.batches(epoch):
            some = order[at : at + len(batch.target)]
            at += len(some)
            yield RadiomicBatch(batch.images, torch.from_numpy(self.rows[some]), batch.target, batch.share)

    def score(self, module: nn.Module) -> float:
        """PR-AUC of the held-out lesions; NaN without any."""
        truth = self.patches.held.truth
        return pr_auc(truth, self.judged(module.net)) if len(truth) else float("nan")

    def judged(self, net: nn.Module) -> np.ndarray:
        """The score of every held-out lesion."""
        return answers(net, self.patches.held.cut, self.held_rows, self.patches.batch)


def answers(
    net: nn.Module, cut: Callable[[int], np.ndarray], radiomics: np.ndarray, batch: int
) -> np.ndarray:
    """The probability of each lesion: `cut(row)` gives its patch, `radiomics[row]` its features."""
    import torch

    device, scores = next(net.parameters()).device, np.zeros(len(radiomics))
    net.eval()
    with torch.inference_mode():
        for start in range(0, len(radiomics), batch):
            rows = range(start, min(start + batch, len(radiomics)))
            images = torch.from_numpy(np.stack([cut(row) for row in rows]))
            shown = images.to(device, memory_format=memory_format(device))
            numbers = torch.from_numpy(radiomics[rows.start : rows.stop]).to(device)
            scores[rows.start : rows.stop] = net(shown, numbers).float().sigmoid()[:, 0].cpu().numpy()
    return scores
