"""ResNet-18 for volumes, as MONAI builds it (He et al. 2016 in 3-D; Hara et al. 2018).

Source: monai.networks.nets.resnet18, first convolution 7x7x7 with stride 1, max pooling, shortcut B.
"""

from __future__ import annotations

from torch import nn

__all__ = ["SMALL", "build"]

SMALL = {"width": 8}


def build(channels: int, outputs: int, width: int = 64) -> nn.Module:
    """Four stages of `width`, 2, 4 and 8 times that many channels; (n, channels, ...) to (n, outputs)."""
    from monai.networks.nets import resnet18
    from monai.networks.nets.resnet import ResNet, ResNetBlock

    if width == 64:
        return resnet18(spatial_dims=3, n_input_channels=channels, num_classes=outputs)
    return ResNet(
        block=ResNetBlock,
        layers=[2, 2, 2, 2],
        block_inplanes=[width, 2 * width, 4 * width, 8 * width],
        spatial_dims=3,
        n_input_channels=channels,
        num_classes=outputs,
    )
