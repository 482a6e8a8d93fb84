"""How far the engine `fast` is from pyradiomics, by class, for benchmarks/features.py."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiorim.features.texture import Texture
from radiorim.features.texturenames import column_names


def compared(fast: pd.DataFrame, rows: list[dict[str, float]], texture: Texture, where: str) -> pd.DataFrame:
    """Relative differences by class, of the unfiltered image and of all bands together."""
    columns = column_names(texture.images, texture.classes, texture.filters)
    keys = {column: f"{band}_{kind}_{feature}" for column, (kind, feature, band) in columns.items()}
    theirs = pd.DataFrame(rows, index=fast.index)[list(keys.values())].to_numpy()
    ours = fast[list(keys)].to_numpy()
    off = np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1e-300)
    # Entropies of one level and axes of flat lesions are 0, or rounding errors of 0 and their roots.
    off[(np.abs(ours) < 1e-6) & (np.abs(theirs) < 1e-6)] = 0
    off[np.isnan(ours) & np.isnan(theirs)] = 0
    off[np.isnan(ours) != np.isnan(theirs)] = np.inf
    kinds = np.array(
        [f"{'original' if band == 'original' else 'filtered'} {kind}" for kind, _, band in columns.values()]
    )
    return pd.DataFrame(
        [
            {
                "case": where,
                "class": kind,
                "values": off[:, kinds == kind].size,
                "largest": off[:, kinds == kind].max(),
                "within_1e-6": (off[:, kinds == kind] <= 1e-6).mean(),
                "within_1e-4": (off[:, kinds == kind] <= 1e-4).mean(),
            }
            for kind in dict.fromkeys(kinds)
        ]
    )
