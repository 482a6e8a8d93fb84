"""pyradiomics' 107 original features of all lesions of a volume at once, by compiled kernels.

`measure` is the way in. `locate`, `values_at` and `measure_values` are its three steps, for callers with
several images of the same lesions. numba is imported at the first call, not with this package.
"""

from __future__ import annotations

from radiorim.features.fast.engine import Asked, Bins, measure, measure_values
from radiorim.features.fast.voxels import Voxels, locate, values_at

__all__ = ["Asked", "Bins", "Voxels", "locate", "measure", "measure_values", "values_at"]
