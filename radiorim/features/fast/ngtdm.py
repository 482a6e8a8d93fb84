"""Compiled: how far each voxel is from the mean of its neighbours (NGTDM)."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["NAMES", "measure_rows"]

NAMES = ("coarseness", "contrast", "busyness", "complexity", "strength")


@njit(cache=True, error_model="numpy", nogil=True)
def _tones(
    at: np.ndarray, ranks: tuple[np.ndarray, np.ndarray], steps: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of each level: its number of voxels and the sum of |level - mean of the neighbours inside|."""
    rank, box = ranks
    n, s = np.zeros(levels.size), np.zeros(levels.size)
    level_of = np.zeros(levels.size + 1)
    level_of[1:] = levels
    for v in range(at.size):
        total, neighbours = 0.0, 0
        for step in steps:
            for there in (box[at[v] + step], box[at[v] - step]):
                total += level_of[there]
                neighbours += there > 0
        n[rank[v]] += 1
        if neighbours:
            s[rank[v]] += abs(levels[rank[v]] - total / neighbours)
    return n, s


@njit(cache=True, error_model="numpy", nogil=True)
def _features(levels: np.ndarray, n: np.ndarray, s: np.ndarray, out: np.ndarray) -> None:
    voxels, tone = n.sum(), s.sum()
    p = n / voxels
    rough = (p * s).sum()
    contrast = busy = complexity = strength = 0.0
    for i in range(levels.size):
        for j in range(i):
            gap = levels[i] - levels[j]
            contrast += 2 * p[i] * p[j] * gap * gap
            busy += 2 * abs(levels[i] * p[i] - levels[j] * p[j])
            complexity += 2 * gap * (p[i] * s[i] + p[j] * s[j]) / (p[i] + p[j])
            strength += 2 * (p[i] + p[j]) * gap * gap
    pairs = levels.size * (levels.size - 1)
    out[0] = 1 / rough if rough != 0 else 1e6
    out[1] = contrast * tone / voxels / pairs if pairs else 0.0
    out[2] = rough / busy if busy != 0 else 0.0
    out[3] = complexity / voxels
    out[4] = strength / tone if tone != 0 else 0.0


@njit(cache=True, error_model="numpy", nogil=True)
def measure_rows(rows: np.ndarray, voxels: tuple, grey: tuple, ways: np.ndarray, out: np.ndarray) -> None:
    """Fill `out[row]` in the order of NAMES."""
    first, at, box_first, dims = voxels
    levels, present, rank, boxes = grey
    for k in rows:
        own_levels = levels[first[k] : first[k] + present[k]].astype(np.float64)
        ranks = (rank[first[k] : first[k + 1]], boxes[box_first[k] : box_first[k + 1]])
        steps = (ways[:, 0] * dims[k, 1] + ways[:, 1]) * dims[k, 2] + ways[:, 2]
        n, s = _tones(at[first[k] : first[k + 1]], ranks, steps, own_levels)
        _features(own_levels, n, s, out[k])
