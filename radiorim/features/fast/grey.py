"""Compiled: values cut into grey levels by pyradiomics' edges, lesion by lesion."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

__all__ = ["Grey", "cut", "paint", "sort_within"]


class Grey(NamedTuple):
    """Grey levels of the voxels of `Voxels`.

    `levels` are the levels that are present (ascending, lesion after lesion, those of lesion k
    `first[k]:first[k + 1]`) and `counts` their voxels; `rank` (v,) is each voxel's level as its place among
    them, from 0; `boxes` holds rank + 1 in the lesions' boxes laid end to end, 0 outside.
    """

    levels: np.ndarray
    counts: np.ndarray
    first: np.ndarray
    rank: np.ndarray
    boxes: np.ndarray


@njit(cache=True, error_model="numpy", nogil=True)
def sort_within(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The values, sorted within each lesion."""
    ordered = np.empty_like(values)
    for k in range(first.size - 1):
        ordered[first[k] : first[k + 1]] = np.sort(values[first[k] : first[k + 1]])
    return ordered


@njit(cache=True, error_model="numpy", nogil=True)
def _level(value: float, low: float, step: float, most: int) -> int:
    """The number of edges low + i step, i = 0..most - 1, that are not above the value.

    A quotient rounds to the wrong side of some edges, so it is only where the search begins.
    """
    level = min(max(int((value - low) / step) + 1, 1), most)
    while level < most and low + level * step <= value:
        level += 1
    while level > 1 and low + (level - 1) * step > value:
        level -= 1
    return level


@njit(cache=True, error_model="numpy", nogil=True)
def cut(
    ordered: np.ndarray, first: np.ndarray, edges: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The levels that are present, their counts and where each lesion's begin, from sorted values.

    `edges`: for each lesion the lowest edge, the step and the largest level.
    """
    levels = np.empty(ordered.size, np.int64)
    counts = np.zeros(ordered.size, np.int64)
    starts = np.zeros(first.size, np.int64)
    low, step, most = edges
    n = 0
    for k in range(first.size - 1):
        starts[k] = n
        for v in range(first[k], first[k + 1]):
            level = _level(ordered[v], low[k], step[k], most[k])
            if n == starts[k] or levels[n - 1] != level:
                levels[n] = level
                n += 1
            counts[n - 1] += 1
    starts[-1] = n
    return levels[:n].copy(), counts[:n].copy(), starts


@njit(cache=True, error_model="numpy", nogil=True)
def paint(
    values: np.ndarray,
    voxels: tuple[np.ndarray, np.ndarray, np.ndarray],
    edges: tuple[np.ndarray, np.ndarray, np.ndarray],
    present: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Rank of each voxel and the boxes; `voxels`: first, at, box_first; `present`: levels and their first."""
    first, at, box_first = voxels
    low, step, most = edges
    levels, starts = present
    rank = np.empty(values.size, np.int32)
    boxes = np.zeros(box_first[-1], np.int32)
    for k in range(first.size - 1):
        own = levels[starts[k] : starts[k + 1]]
        for v in range(first[k], first[k + 1]):
            rank[v] = np.searchsorted(own, _level(values[v], low[k], step[k], most[k]))
            boxes[box_first[k] + at[v]] = rank[v] + 1
    return rank, boxes
