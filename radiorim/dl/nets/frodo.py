"""FRODO (arXiv:2606.16756): a susceptibility stream that a FLAIR stream conditions through spatial FiLM.

Two equal encoders of pre-activation residual blocks; above FiLM the two are mixed and two stages with
squeeze-and-excitation lead to the classifier. Layers and numbers are those of the authors' released code.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from radiorim.dl.film import SpatialFilm, group_norm
from radiorim.errors import UsageError

__all__ = ["SMALL", "SMALL_EDGE", "Frodo", "build"]

SMALL = {"widths": (4, 8, 16, 32), "blocks": 1, "dropout": 0.1}
SMALL_EDGE = 16


def build(
    channels: int,
    outputs: int,
    widths: Sequence[int] = (16, 32, 64, 128),
    blocks: int = 2,
    dropout: float = 0.5,
) -> nn.Module:
    """(n, 2, x, y, z), the modality that is conditioned first, to (logits, embeddings).

    `blocks` are those of each of the two stages above FiLM; the embeddings are half the last width, but not
    below 32.
    """
    if channels != 2 or len(widths) != 4:
        raise UsageError(
            f"frodo takes 2 channels and 4 widths, not {channels} and {len(widths)}. Give the conditioned "
            "image first, its context second."
        )
    return Frodo(widths, outputs, blocks=blocks, dropout=dropout)


class Frodo(nn.Module):
    """The network, see `build`."""

    def __init__(self, widths: Sequence[int], outputs: int, *, blocks: int, dropout: float) -> None:
        super().__init__()
        _, middle, third, last = widths
        hidden = max(32, last // 2)
        self.encoded_width, self.pooled_width = middle, last
        self.main, self.context = _encoder(widths), _encoder(widths)
        self.film = SpatialFilm(middle)
        self.mix = nn.Conv3d(2 * middle, middle, kernel_size=1)
        self.deep = nn.Sequential(_stage(middle, third, blocks), _stage(third, last, blocks))
        self.embed = nn.Sequential(nn.Linear(last, hidden), nn.ReLU(), nn.Dropout(dropout))
        self.classify = nn.Linear(hidden, outputs)

    def encode(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The maps of both streams below FiLM, at half resolution."""
        return self.main(images[:, :1]), self.context(images[:, 1:])

    def pooled(self, images: torch.Tensor) -> torch.Tensor:
        """Everything but the classifier: (n, last width)."""
        main, context = self.encode(images)
        mixed = self.mix(torch.cat([self.film(main, context), context], dim=1))
        return self.deep(mixed).mean(dim=(2, 3, 4))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and the embeddings that a contrastive loss compares."""
        embeddings = self.embed(self.pooled(images))
        return self.classify(embeddings), embeddings


def _encoder(widths: Sequence[int]) -> nn.Module:
    first, second = widths[:2]
    return nn.Sequential(
        nn.Conv3d(1, first, kernel_size=3, padding=1, bias=False),
        _Residual(first, first),
        _Residual(first, first),
        _Residual(first, second, stride=2),
        _Residual(second, second),
    )


def _stage(before: int, width: int, blocks: int) -> nn.Module:
    from monai.networks.blocks import ChannelSELayer

    more = [_Residual(width, width) for _ in range(blocks - 1)]
    squeeze = ChannelSELayer(spatial_dims=3, in_channels=width, r=min(16, width))
    return nn.Sequential(_Residual(before, width, stride=2), *more, squeeze)


class _Residual(nn.Module):
    """Twice GroupNorm, ReLU and a 3x3x3 convolution, added to what came in (He et al. 2016b)."""

    def __init__(self, before: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            group_norm(before),
            nn.ReLU(),
            nn.Conv3d(before, width, kernel_size=3, stride=stride, padding=1, bias=False),
            group_norm(width),
            nn.ReLU(),
            nn.Conv3d(width, width, kernel_size=3, padding=1, bias=False),
        )
        same = before == width and stride == 1
        self.skip = nn.Identity() if same else nn.Conv3d(before, width, 1, stride=stride, bias=False)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return self.layers(maps) + self.skip(maps)
