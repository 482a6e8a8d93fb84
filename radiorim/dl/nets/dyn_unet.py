"""The plain U-Net of nnU-Net, as MONAI builds it (Isensee et al. 2021): DynUNet, with deep supervision."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["SMALL", "build"]

SMALL = {"widths": (8, 16, 32)}


def build(
    channels: int,
    outputs: int,
    widths: Sequence[int] = (32, 64, 128, 256, 320),
    deep_heads: int = 0,
    norm: str = "instance",
) -> nn.Module:
    """One level for each width, halved by strided convolutions; edges must divide by 2 ** (levels - 1).

    With `deep_heads` > 0 the training output is a list of logits from fine to coarse, all at full size.
    """
    from monai.networks.nets import DynUNet

    down = [2] * (len(widths) - 1)
    net = DynUNet(
        spatial_dims=3,
        in_channels=channels,
        out_channels=outputs,
        kernel_size=[3] * len(widths),
        strides=[1, *down],
        upsample_kernel_size=down,
        filters=list(widths),
        norm_name=(norm, {"affine": True}) if norm == "instance" else norm,
        deep_supervision=deep_heads > 0,
        deep_supr_num=max(deep_heads, 1),
    )
    return _Listed(net) if deep_heads else net


class _Listed(nn.Module):
    """MONAI stacks the heads along a new axis in training; here they are a list, the finest first."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: torch.Tensor) -> torch.Tensor | list[torch.Tensor]:
        output = self.net(images)
        return list(output.unbind(1)) if self.training else output
