"""Compiled: values cut into grey levels by pyradiomics' edges, lesion by lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from radiorim.features.fast.voxels import Voxels

__all__ = ["Grey", "cut_rows"]


class Grey(NamedTuple):
    """Grey levels of the voxels of `Voxels`; all but `present` and `boxes` have a place for each voxel.

    `ordered` are the values, sorted within each lesion. `levels` are the levels that are present (ascending)
    and `counts` their voxels: lesion k has `present[k]` of them, from the place of its first voxel on.
    `rank` is each voxel's level as its place among them, from 0; `boxes` holds rank + 1 in the lesions'
    boxes laid end to end, 0 outside.
    """

    ordered: np.ndarray
    levels: np.ndarray
    counts: np.ndarray
    present: np.ndarray
    rank: np.ndarray
    boxes: np.ndarray

    @classmethod
    def blank(cls, values: np.ndarray, voxels: Voxels) -> Grey:
        """Room for the levels of these values, to be filled by `cut_rows`, which also sorts."""
        n = len(voxels.at)
        return cls(
            ordered=values.copy(),
            levels=np.empty(n, np.int64),
            counts=np.zeros(n, np.int64),
            present=np.zeros(len(voxels.numbers), np.int64),
            rank=np.empty(n, np.int32),
            boxes=np.zeros(voxels.box_first[-1], np.int32),
        )


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
def _histogram(
    ordered: np.ndarray, edges: tuple[float, float, int], levels: np.ndarray, counts: np.ndarray
) -> int:
    """Fill in the levels of sorted values and their counts; returns how many levels there are."""
    low, step, most = edges
    n = 0
    for value in ordered:
        level = _level(value, low, step, most)
        if n == 0 or levels[n - 1] != level:
            levels[n] = level
            n += 1
        counts[n - 1] += 1
    return n


@njit(cache=True, error_model="numpy", nogil=True)
def cut_rows(
    rows: np.ndarray,
    values: np.ndarray,
    voxels: tuple[np.ndarray, np.ndarray, np.ndarray],
    edges: tuple[np.ndarray, np.ndarray, np.ndarray],
    grey: tuple,
) -> None:
    """Fill the arrays of a blank `Grey` for these lesions.

    `voxels`: first, at, box_first; `edges`: for each lesion the lowest edge, the step, the largest level.
    """
    first, at, box_first = voxels
    ordered, levels, counts, present, rank, boxes = grey
    for k in rows:
        here = slice(first[k], first[k + 1])
        low, step, most = edges[0][k], edges[1][k], edges[2][k]
        ordered[here].sort()
        present[k] = _histogram(ordered[here], (low, step, most), levels[here], counts[here])
        own = levels[first[k] : first[k] + present[k]]
        for v in range(first[k], first[k + 1]):
            rank[v] = np.searchsorted(own, _level(values[v], low, step, most))
            boxes[box_first[k] + at[v]] = rank[v] + 1
