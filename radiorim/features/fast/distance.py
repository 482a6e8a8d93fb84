"""Squared distances to the faces of voxels, one axis after the other."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["spread"]


@njit(cache=True, nogil=True)
def spread(squared: np.ndarray, axis: int, costs: np.ndarray) -> np.ndarray:
    """The least of each voxel's value and those 1, 2, ... steps along the axis plus `costs` of the steps."""
    nearest = squared.copy()
    di, dj, dk = axis == 0, axis == 1, axis == 2
    for i in range(squared.shape[0]):
        for j in range(squared.shape[1]):
            for k in range(squared.shape[2]):
                here = (i, j, k)[axis]
                for step in range(1, len(costs) + 1):
                    if here >= step:
                        cost = squared[i - step * di, j - step * dj, k - step * dk] + costs[step - 1]
                        nearest[i, j, k] = min(nearest[i, j, k], cost)
                    if here + step < squared.shape[axis]:
                        cost = squared[i + step * di, j + step * dj, k + step * dk] + costs[step - 1]
                        nearest[i, j, k] = min(nearest[i, j, k], cost)
    return nearest
