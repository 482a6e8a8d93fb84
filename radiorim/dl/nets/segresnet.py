"""SegResNet, as MONAI builds it (Myronenko 2018, without its autoencoder branch)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["SMALL", "SMALL_EDGE", "build"]

SMALL = {"init_filters": 8}
SMALL_EDGE = 16


def build(
    channels: int,
    outputs: int,
    init_filters: int = 32,
    blocks_down: Sequence[int] = (1, 2, 2, 4),
    norm: str = "batch",
) -> nn.Module:
    """One level for each entry of `blocks_down`, one block a level on the way up, transposed convolutions.

    Two classes for each output, no lesion and lesion, of which the difference of the logits is given: its
    sigmoid is the softmax of the two. Edges must divide by 2 ** (levels - 1).
    """
    from monai.networks.nets import SegResNet

    net = SegResNet(
        spatial_dims=3,
        init_filters=init_filters,
        in_channels=channels,
        out_channels=2 * outputs,
        norm=norm,
        blocks_down=tuple(blocks_down),
        blocks_up=(1,) * (len(blocks_down) - 1),
        upsample_mode="deconv",
    )
    return _Difference(net)


class _Difference(nn.Module):
    """Logit of lesion minus logit of none, for each pair of classes."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        classes = self.net(images)
        return classes[:, 1::2] - classes[:, ::2]
