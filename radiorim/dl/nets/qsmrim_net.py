"""QSMRim-Net: a 3-D ResNet-18 and a perceptron on radiomics, added, oversampled in the latent space (2022).

Zhang et al., doi 10.1016/j.nicl.2022.102979, as in the authors' code: 7^3 stem with stride 2, max pooling,
last stage with stride 1; radiomics F - 1024 - 512 and latent 512 - 512 with batch norm and swish, then
512 - 128 - 1.
"""

from __future__ import annotations

import torch
from torch import nn

from radiorim.dl.deepsmote import DeepSmote
from radiorim.errors import UnknownName

__all__ = ["SMALL", "QsmRimNet", "build"]

SMALL = {"width": 8}
OVERSAMPLING = {"paper": (2, False), "as-code": (3, True)}


def build(
    channels: int, outputs: int, features: int = 527, width: int = 64, oversampling: str = "paper"
) -> nn.Module:
    """All sizes follow from `width`: 8 times that is the latent space.

    `oversampling`: "paper" adds two new rows for each positive of a batch, "as-code" three, one of them a
    copy. Raises `UnknownName` for another.
    """
    if oversampling not in OVERSAMPLING:
        raise UnknownName("oversampling", oversampling, OVERSAMPLING)
    neighbours, itself = OVERSAMPLING[oversampling]
    return QsmRimNet(channels, outputs, features, width, DeepSmote(neighbours, itself=itself))


class QsmRimNet(nn.Module):
    """Two branches and a head. `centre` and `width` put radiomics on one scale; they are set, not learned."""

    def __init__(self, channels: int, outputs: int, features: int, width: int, smote: DeepSmote) -> None:
        super().__init__()
        latent, hidden = 8 * width, 16 * width
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("width", torch.ones(features))
        self.images = _resnet(channels, width)
        self.radiomics = nn.Sequential(*_layer(features, hidden), nn.Dropout(0.3), *_layer(hidden, latent))
        self.fused = nn.Sequential(*_layer(latent, latent), *_layer(latent, latent))
        self.smote = smote
        self.head = nn.Sequential(
            nn.Linear(latent, 2 * width), nn.SiLU(), nn.Dropout(0.5), nn.Linear(2 * width, outputs)
        )

    def scale_to(self, rows: torch.Tensor) -> None:
        """Take mean and SD of radiomics (n, features) as the scale, without NaN; an SD of 0 becomes 1."""
        rows = rows.double()
        known = rows.isfinite()
        count = known.sum(0).clamp(min=1)
        centre = torch.where(known, rows, 0.0).sum(0) / count
        spread = (torch.where(known, rows - centre, 0.0).square().sum(0) / count).sqrt()
        self.centre.copy_(centre)
        self.width.copy_(torch.where(spread > 0, spread, 1.0))

    def forward(
        self,
        images: torch.Tensor,
        radiomics: torch.Tensor | None = None,
        target: torch.Tensor | None = None,
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Logits (n, outputs), or with a target (n, 1) those of the oversampled batch and its target.

        Radiomics (n, features) may hold NaN; such a value counts as average, and so do all of them if they
        are not given.
        """
        if radiomics is None:
            radiomics = self.centre.expand(len(images), -1)
        rows = ((radiomics - self.centre) / self.width).nan_to_num(0.0).clamp(-5, 5)
        latent = self.fused(self.images(images) + self.radiomics(rows))
        if target is None:
            return self.head(latent)
        latent, target = self.smote(latent, target)
        return self.head(latent), target


def _resnet(channels: int, width: int) -> nn.Module:
    from monai.networks.nets.resnet import ResNet, ResNetBlock

    net = ResNet(
        block=ResNetBlock,
        layers=[2, 2, 2, 2],
        block_inplanes=[width, 2 * width, 4 * width, 8 * width],
        n_input_channels=channels,
        conv1_t_size=7,
        conv1_t_stride=2,
        feed_forward=False,
        bias_downsample=False,
    )
    # MONAI has no option for the last stage.
    first = net.layer4[0]
    first.conv1.stride = first.downsample[0].stride = (1, 1, 1)
    return net


def _layer(before: int, after: int) -> list[nn.Module]:
    return [nn.Linear(before, after), nn.BatchNorm1d(after), nn.SiLU()]
