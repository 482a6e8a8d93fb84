"""Compiled: two passes over a label volume that list the voxels of every lesion."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["count", "fill"]


@njit(cache=True, error_model="numpy", nogil=True)
def count(labels: np.ndarray, row_of: np.ndarray, rows: int) -> np.ndarray:
    """The number of voxels of each row; labels beyond `row_of`, or of row -1, are not counted."""
    sizes = np.zeros(rows, np.int64)
    flat = labels.ravel()
    for v in range(flat.size):
        label = flat[v]
        if 0 < label < row_of.size and row_of[label] >= 0:
            sizes[row_of[label]] += 1
    return sizes


@njit(cache=True, error_model="numpy", nogil=True)
def fill(labels: np.ndarray, row_of: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The voxel indices, (v, 3), row after row and in C order within a row."""
    index = np.empty((first[-1], 3), np.int64)
    place = first.copy()
    for x in range(labels.shape[0]):
        for y in range(labels.shape[1]):
            for z in range(labels.shape[2]):
                label = labels[x, y, z]
                if 0 < label < row_of.size and row_of[label] >= 0:
                    row = row_of[label]
                    index[place[row], 0], index[place[row], 1], index[place[row], 2] = x, y, z
                    place[row] += 1
    return index
