"""UNETR: a vision transformer reads the patch in cubes of 16 voxels, a U-Net's decoder draws (2022).

Source: monai.networks.nets.UNETR (Hatamizadeh et al.), instance normalisation, residual units. A patch of 32
voxels has eight cubes.
"""

from __future__ import annotations

from torch import nn

from radiorim.errors import UsageError, require

__all__ = ["SMALL", "SMALL_EDGE", "build"]

CUBE, HEAD = 16, 64
SMALL = {"edge": 16, "features": 8, "hidden": 64}
SMALL_EDGE = 16


def build(channels: int, outputs: int, edge: int = 32, features: int = 16, hidden: int = 768) -> nn.Module:
    """For cubic patches of `edge` voxels, a multiple of 16; raises `UsageError` for another edge.

    `hidden` is the length of a token: the layer between has 4 times that, each head 64 of it. `features` is
    the width of the decoder. Raises `MissingExtra` without einops, which MONAI's attention is written in.
    """
    require("einops", "dl")
    from monai.networks.nets import UNETR

    if edge % CUBE:
        raise UsageError(f"UNETR reads cubes of {CUBE} voxels: the edge must be a multiple, not {edge}.")
    net = UNETR(
        in_channels=channels,
        out_channels=outputs,
        img_size=(edge,) * 3,
        feature_size=features,
        hidden_size=hidden,
        mlp_dim=4 * hidden,
        num_heads=hidden // HEAD,
    )
    for block in net.vit.blocks:
        # MONAI's blocks hold this norm also where there is nothing to attend to across: it never learns.
        block.norm_cross_attn = nn.Identity()
    return net
