"""What trained networks say: of patches and of whole volumes, from several sides, by several networks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from radiorim.dl.device import memory_format
from radiorim.dl.views import views
from radiorim.errors import UsageError

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Inference", "logits_of", "predict_patches", "predict_volume", "with_dropout"]


@dataclass(frozen=True)
class Inference:
    """How networks are asked.

    `views` as in `radiorim.dl.views`; `dropout_passes` > 0 asks so many times with dropout on (Gal 2016).
    For volumes: `overlap` of the windows, `stitch` "gaussian" or "constant". `batch` changes speed only.
    """

    views: str = "none"
    dropout_passes: int = 0
    overlap: float = 0.5
    stitch: str = "gaussian"
    batch: int = 8

    def smoke(self) -> Inference:
        """One view, one pass, little overlap."""
        return replace(self, views="none", dropout_passes=min(self.dropout_passes, 2), overlap=0.25)


def predict_patches(
    nets: Sequence[nn.Module], patches: np.ndarray, how: Inference, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and SD of the probabilities (n, outputs) over networks, views and passes, for (n, c, x, y, z)."""
    import torch

    parts = []
    for start in range(0, len(patches), how.batch):
        images = torch.from_numpy(np.ascontiguousarray(patches[start : start + how.batch]))
        asked = _answers(nets, images, how, seed + start, undo=False)
        parts.append(_mean_and_sd(asked))
    if not parts:
        return np.zeros((0, 1)), np.zeros((0, 1))
    return np.concatenate([mean for mean, _ in parts]), np.concatenate([sd for _, sd in parts])


def predict_volume(
    nets: Sequence[nn.Module],
    images: np.ndarray,
    patch: Sequence[int],
    how: Inference,
    *,
    inside: np.ndarray | None = None,
) -> np.ndarray:
    """Probabilities (outputs, x, y, z) of a volume (c, x, y, z) by a sliding window, float32.

    monai.inferers.sliding_window_inference; what lies outside the volume is 0. With a mask `inside` windows
    that hold none of it are not computed, so the answer holds at its voxels only.
    """
    import torch
    from monai.inferers import sliding_window_inference

    from radiorim.dl.inside import OnlyInside

    device, ask = next(nets[0].parameters()).device, partial(_stacked_mean, nets, how)
    if inside is not None:
        images, ask = np.concatenate([images, (inside != 0)[None]], dtype=np.float32), OnlyInside(ask)
    volume = torch.from_numpy(np.array(images, dtype=np.float32))[None].to(device)
    with torch.inference_mode():
        probability = sliding_window_inference(
            volume,
            roi_size=tuple(patch),
            sw_batch_size=how.batch,
            predictor=ask,
            overlap=how.overlap,
            mode=how.stitch,
            padding_mode="constant",
        )
    return probability[0].float().cpu().numpy()


@contextmanager
def with_dropout(net: nn.Module) -> Iterator[None]:
    """Dropout layers drop while the block lasts; everything else, above all normalisation, stays as it is.

    Raises `UsageError` for a network without dropout: its passes would all be the same.
    """
    from torch import nn

    kinds = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
    layers = [layer for layer in net.modules() if isinstance(layer, kinds)]
    if not layers:
        raise UsageError("dropout passes were asked of a network without dropout. Set dropout_passes=0.")
    for layer in layers:
        layer.train()
    try:
        yield
    finally:
        for layer in layers:
            layer.eval()


def logits_of(output: Any) -> torch.Tensor:
    """The logits of a network that may give more: the first of a list (heads) or tuple (embeddings)."""
    return output[0] if isinstance(output, (list, tuple)) else output


def _stacked_mean(nets: Sequence[nn.Module], how: Inference, windows: torch.Tensor) -> Any:
    total, count = 0.0, 0
    for answer in _answers(nets, windows, how, 0, undo=True):
        total, count = total + answer, count + 1
    return total / count


def _mean_and_sd(answers: Iterator[torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
    import torch

    stack = torch.stack(list(answers)).double()
    return stack.mean(0).cpu().numpy(), stack.std(0, correction=0).cpu().numpy()


def _answers(
    nets: Sequence[nn.Module], images: torch.Tensor, how: Inference, seed: int, *, undo: bool
) -> Iterator[torch.Tensor]:
    """The probabilities by each network, view and pass."""

    device = next(nets[0].parameters()).device
    for net in nets:
        net.eval()
        for view in views(how.views, images.shape[-3:]):
            shown = view.apply(images).to(device, memory_format=memory_format(device))
            for answer in _passes(net, shown, how.dropout_passes, seed):
                yield view.undo(answer) if undo else answer


def _passes(net: nn.Module, shown: torch.Tensor, passes: int, seed: int) -> Iterator[torch.Tensor]:
    import torch

    from radiorim.dl.loop import seeded

    parts = _parts(shown)

    def ask() -> torch.Tensor:
        return torch.cat([logits_of(net(part)).float().sigmoid() for part in parts])

    with torch.inference_mode():
        if not passes:
            yield ask()
            return
        with with_dropout(net), seeded(seed, passes, shown.device):
            for _ in range(passes):
                yield ask()


def _parts(shown: torch.Tensor) -> Sequence[torch.Tensor]:
    """On a CPU two at a time, three once where the number is odd; on a GPU all.

    More fall out of a CPU's cache (of four, patches of 32 to 64 voxels take 1.02 to 1.2 times as long each),
    and a small one alone takes up to 3.7 times: torch then runs its slow convolution.
    """
    return shown.tensor_split(max(1, len(shown) // 2)) if shown.device.type == "cpu" else (shown,)
