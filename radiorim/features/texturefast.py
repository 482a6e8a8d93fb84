"""The engine `fast`: each filter once for a volume, then all lesions at once by compiled kernels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from radiorim.features.fast import Asked, Bins, measure_values
from radiorim.features.filters.bands import band_values, require_measurable
from radiorim.features.filters.neighbourhood import Neighbourhood, preprocessed
from radiorim.features.texturenames import band_name

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.features.texture import Texture
    from radiorim.lesions import Lesions
    from radiorim.volume import Volume

__all__ = ["measure_texture"]


def measure_texture(
    block: Texture, volumes: Mapping[str, Volume], lesions: Lesions, *, n_jobs: int
) -> pd.DataFrame:
    """Every feature of every lesion, indexed by lesion number; what a lesion is too small for is NaN."""
    import pandas as pd

    place = Neighbourhood.of(lesions)
    bins = Bins(block.bin_width, block.bin_count)
    columns: dict[str, np.ndarray] = {}
    if "shape" in block.classes:
        shape = measure_values(None, place.voxels, place.spacing, Asked(("shape",), bins, n_jobs))
        columns |= {f"mask_original_shape_{name}": values for (_, name), values in shape.items()}
    asked = Asked(tuple(kind for kind in block.classes if kind != "shape"), bins, n_jobs)
    for image, volume in volumes.items() if asked.classes else ():
        data = preprocessed(volume, block.preprocessing)
        for band, values in band_values(data, place, block, n_jobs=n_jobs):
            require_measurable(values, place, (image, band), block.bin_width)
            found = measure_values(values, place.voxels, place.spacing, asked)
            columns |= {
                f"{image}_{band_name(band)}_{kind}_{name}": column for (kind, name), column in found.items()
            }
    return pd.DataFrame(columns, index=pd.Index(lesions.numbers, name="lesion"), dtype=float)
