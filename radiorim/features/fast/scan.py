"""Compiled: one pass over a label volume that lists the voxels of every lesion."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["by_row", "in_box", "inside"]


_STRETCH = 64
"""So many voxels are looked at together, as most of a volume is empty."""


@njit(cache=True, error_model="numpy", nogil=True)
def inside(labels: np.ndarray, row_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flat places, in C order, and rows of the voxels whose label has a row; others have -1 in `row_of`."""
    flat = labels.ravel()
    # Memory is only taken where it is written.
    places, rows, n = np.empty(flat.size, np.int64), np.empty(flat.size, np.int32), 0
    for start in range(0, flat.size, _STRETCH):
        stretch, anything = flat[start : start + _STRETCH], 0
        for label in stretch:
            anything |= label
        if not anything:
            continue
        for v in range(stretch.size):
            label = stretch[v]
            if 0 < label < row_of.size and row_of[label] >= 0:
                places[n], rows[n] = start + v, row_of[label]
                n += 1
    return places[:n].copy(), rows[:n].copy()


@njit(cache=True, error_model="numpy", nogil=True)
def by_row(places: np.ndarray, rows: np.ndarray, first: np.ndarray, shape: tuple) -> np.ndarray:
    """The voxel indices, (v, 3), row after row and in C order within a row."""
    index = np.empty((places.size, 3), np.int64)
    free = first.copy()
    for v in range(places.size):
        to = free[rows[v]]
        free[rows[v]] += 1
        index[to, 0] = places[v] // (shape[1] * shape[2])
        index[to, 1] = places[v] // shape[2] % shape[1]
        index[to, 2] = places[v] % shape[2]
    return index


@njit(cache=True, error_model="numpy", nogil=True)
def in_box(index: np.ndarray, first: np.ndarray, corner: np.ndarray, dims: np.ndarray) -> np.ndarray:
    """The flat place (C order) of each voxel in its lesion's box, by the first corner and edges of boxes."""
    at = np.empty(len(index), np.int64)
    for k in range(first.size - 1):
        for v in range(first[k], first[k + 1]):
            x, y, z = index[v, 0] - corner[k, 0], index[v, 1] - corner[k, 1], index[v, 2] - corner[k, 2]
            at[v] = (x * dims[k, 1] + y) * dims[k, 2] + z
    return at
