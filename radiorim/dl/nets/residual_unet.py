"""The residual 3-D U-Net of MONAI: strided convolutions down, transposed ones up, units with a shortcut.

Source: monai.networks.nets.UNet (Kerfoot et al. 2019), instance normalisation, PReLU.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

__all__ = ["SMALL", "SMALL_EDGE", "build"]

SMALL = {"widths": (16, 32, 64)}
SMALL_EDGE = 16


def build(
    channels: int, outputs: int, widths: Sequence[int] = (16, 32, 64, 128, 256), units: int = 2
) -> nn.Module:
    """One level for each width, halved between them; edges must divide by 2 ** (levels - 1).

    `units` convolutions are in each residual unit.
    """
    from monai.networks.nets import UNet

    return UNet(
        spatial_dims=3,
        in_channels=channels,
        out_channels=outputs,
        channels=tuple(widths),
        strides=(2,) * (len(widths) - 1),
        num_res_units=units,
    )
