"""Compiled: matrices P(i, j) that count things of grey level i and size j, and what they share.

GLRLM counts runs of j voxels along a direction, GLSZM connected zones of j voxels, GLDM voxels with j - 1
neighbours of their own level.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["GLDM", "GLRLM", "GLSZM", "dependences", "runs", "zones"]

_SHARED = (
    "small",
    "large",
    "low_gray_level",
    "high_gray_level",
    "small_low_gray_level",
    "small_high_gray_level",
    "large_low_gray_level",
    "large_high_gray_level",
    "gray_level_non_uniformity",
    "gray_level_non_uniformity_normalized",
    "size_non_uniformity",
    "size_non_uniformity_normalized",
    "gray_level_variance",
    "size_variance",
    "size_entropy",
    "percentage",
)


def _named(small: str, large: str, size: str, thing: str, of: str) -> tuple[str, ...]:
    """The sixteen in the words of a class: `of` follows `gray_level`, `thing` names entropy and variance."""
    return (
        f"{small}_emphasis",
        f"{large}_emphasis",
        f"low_gray_level_{of}emphasis",
        f"high_gray_level_{of}emphasis",
        f"{small}_low_gray_level_emphasis",
        f"{small}_high_gray_level_emphasis",
        f"{large}_low_gray_level_emphasis",
        f"{large}_high_gray_level_emphasis",
        *_SHARED[8:10],
        f"{size}_non_uniformity",
        f"{size}_non_uniformity_normalized",
        "gray_level_variance",
        f"{thing}_variance",
        f"{thing}_entropy",
        f"{thing}_percentage",
    )


GLRLM = _named("short_run", "long_run", "run_length", "run", "run_")
GLSZM = _named("small_area", "large_area", "size_zone", "zone", "zone_")
# Every voxel has one dependence: two of the sixteen say nothing then, and have no name.
GLDM = tuple(
    "" if name in ("gray_level_non_uniformity_normalized", "dependence_percentage") else name
    for name in _named("small_dependence", "large_dependence", "dependence", "dependence", "")
)


@njit(cache=True, error_model="numpy", nogil=True)
def _cells(
    counts: np.ndarray,
    axes: tuple[np.ndarray, np.ndarray],
    margins: tuple[np.ndarray, np.ndarray],
    out: np.ndarray,
) -> float:
    """Sums over the cells of P: its margins, the four mixed emphases and, returned, sum of c log2 c."""
    levels, sizes = axes
    of_level, of_size = margins
    clogc = 0.0
    for i in range(levels.size):
        high = levels[i] * levels[i]
        for j in range(sizes.size):
            c = counts[i, j]
            if c:
                large = sizes[j] * sizes[j]
                of_level[i] += c
                of_size[j] += c
                clogc += c * math.log2(c)
                out[4] += c / (high * large)
                out[5] += c * high / large
                out[6] += c * large / high
                out[7] += c * high * large
    return clogc


@njit(cache=True, error_model="numpy", nogil=True)
def _margin(margin: np.ndarray, at: np.ndarray, n: float) -> tuple[float, float, float, float]:
    """Of one margin: sum of P / at^2, of P at^2, of P^2, and the variance of `at`; the first two over n."""
    low = high = square = mean = variance = 0.0
    for i in range(at.size):
        low += margin[i] / (at[i] * at[i])
        high += margin[i] * at[i] * at[i]
        square += margin[i] * margin[i]
        mean += margin[i] * at[i]
    mean /= n
    for i in range(at.size):
        variance += margin[i] * (at[i] - mean) * (at[i] - mean)
    return low / n, high / n, square, variance / n


@njit(cache=True, error_model="numpy", nogil=True)
def _features(counts: np.ndarray, levels: np.ndarray, sizes: np.ndarray, out: np.ndarray) -> None:
    """The sixteen features of one matrix (levels x sizes), added to `out`; `sizes` are the values of j."""
    own = np.zeros(16)
    of_level, of_size = np.zeros(levels.size), np.zeros(sizes.size)
    clogc = _cells(counts, (levels, sizes), (of_level, of_size), own)
    n = of_level.sum()
    for i in range(4, 8):
        own[i] /= n
    own[0], own[1], square_size, own[13] = _margin(of_size, sizes, n)
    own[2], own[3], square_level, own[12] = _margin(of_level, levels, n)
    own[8], own[9] = square_level / n, square_level / (n * n)
    own[10], own[11] = square_size / n, square_size / (n * n)
    own[14] = math.log2(n) - clogc / n
    own[15] = n / (of_size * sizes).sum()
    out += own


@njit(cache=True, error_model="numpy", nogil=True)
def _count_runs(rank: np.ndarray, at: np.ndarray, box: np.ndarray, step: int, counts: np.ndarray) -> bool:
    """Count the runs along one direction; False if no two voxels follow each other in it."""
    adjacent = False
    counts[:, :] = 0
    for v in range(rank.size):
        level = rank[v] + 1
        before, after = box[at[v] - step], box[at[v] + step]
        adjacent |= after > 0
        if before != level:
            length = 0
            place = at[v] + step
            while after == level:
                length += 1
                place += step
                after = box[place]
            counts[rank[v], length] += 1
    return adjacent


@njit(cache=True, error_model="numpy", nogil=True)
def _share_a_line(at: np.ndarray, box: np.ndarray, dims: np.ndarray, way: np.ndarray) -> bool:
    """Whether two voxels, though apart, lie on one line of this direction."""
    step = (way[0] * dims[1] + way[1]) * dims[2] + way[2]
    for place in at:
        x, y, z = place // (dims[1] * dims[2]), place // dims[2] % dims[1], place % dims[2]
        x, y, z, there = x + way[0], y + way[1], z + way[2], place + step
        while 0 < x < dims[0] - 1 and 0 < y < dims[1] - 1 and 0 < z < dims[2] - 1:
            if box[there]:
                return True
            x, y, z, there = x + way[0], y + way[1], z + way[2], there + step
    return False


@njit(cache=True, error_model="numpy", nogil=True)
def runs(rows: np.ndarray, voxels: tuple, grey: tuple, ways: np.ndarray, out: np.ndarray) -> None:
    """Means over the directions in which the lesion is more than single voxels; NaN if there is none."""
    first, at, box_first, dims = voxels
    levels, present, rank, boxes = grey
    for k in rows:
        own_levels = levels[first[k] : first[k] + present[k]].astype(np.float64)
        own_at, own_rank = at[first[k] : first[k + 1]], rank[first[k] : first[k + 1]]
        box = boxes[box_first[k] : box_first[k + 1]]
        lengths = np.arange(1.0, dims[k].max() - 1)
        counts = np.empty((own_levels.size, lengths.size), np.int32)
        mean, n = out[k], 0
        mean[:] = 0.0
        for way in ways:
            step = (way[0] * dims[k, 1] + way[1]) * dims[k, 2] + way[2]
            if _count_runs(own_rank, own_at, box, step, counts) or _share_a_line(own_at, box, dims[k], way):
                _features(counts, own_levels, lengths, mean)
                n += 1
        mean /= n  # no direction: 0 / 0, NaN


@njit(cache=True, error_model="numpy", nogil=True)
def _grow(start: int, box: np.ndarray, steps: np.ndarray, stack: np.ndarray) -> int:
    """The size of the zone of this voxel, which is cleared from the box."""
    level, size, top = box[start], 0, 1
    stack[0], box[start] = start, 0
    while top:
        top -= 1
        here = stack[top]
        size += 1
        for step in steps:
            for there in (here + step, here - step):
                if box[there] == level:
                    box[there] = 0
                    stack[top] = there
                    top += 1
    return size


@njit(cache=True, error_model="numpy", nogil=True)
def zones(rows: np.ndarray, voxels: tuple, grey: tuple, ways: np.ndarray, out: np.ndarray) -> None:
    """Zones touch by faces, edges and corners."""
    first, at, box_first, dims = voxels
    levels, present, rank, boxes = grey
    for k in rows:
        own_levels = levels[first[k] : first[k] + present[k]].astype(np.float64)
        own_at, own_rank = at[first[k] : first[k + 1]], rank[first[k] : first[k + 1]]
        box = boxes[box_first[k] : box_first[k + 1]].copy()
        steps = (ways[:, 0] * dims[k, 1] + ways[:, 1]) * dims[k, 2] + ways[:, 2]
        stack, size_of = np.empty(own_at.size, np.int64), np.zeros(own_at.size, np.int64)
        column = np.zeros(own_at.size + 1, np.int64)
        for v in range(own_at.size):
            if box[own_at[v]]:
                size_of[v] = _grow(own_at[v], box, steps, stack)
                column[size_of[v]] = 1
        # Few sizes occur (their sum is the lesion), so only these get a column.
        sizes = np.flatnonzero(column)
        for i in range(sizes.size):
            column[sizes[i]] = i
        counts = np.zeros((own_levels.size, sizes.size), np.int32)
        for v in range(own_at.size):
            if size_of[v]:
                counts[own_rank[v], column[size_of[v]]] += 1
        out[k] = 0.0
        _features(counts, own_levels, sizes.astype(np.float64), out[k])


@njit(cache=True, error_model="numpy", nogil=True)
def dependences(rows: np.ndarray, voxels: tuple, grey: tuple, ways: np.ndarray, out: np.ndarray) -> None:
    """A voxel depends on each of its 26 neighbours that has its own level."""
    first, at, box_first, dims = voxels
    levels, present, rank, boxes = grey
    for k in rows:
        own_levels = levels[first[k] : first[k] + present[k]].astype(np.float64)
        box = boxes[box_first[k] : box_first[k + 1]]
        steps = (ways[:, 0] * dims[k, 1] + ways[:, 1]) * dims[k, 2] + ways[:, 2]
        counts = np.zeros((own_levels.size, 27), np.int32)
        for v in range(first[k], first[k + 1]):
            level, here, like = rank[v] + 1, at[v], 0
            for step in steps:
                like += (box[here + step] == level) + (box[here - step] == level)
            counts[rank[v], like] += 1
        out[k] = 0.0
        _features(counts, own_levels, np.arange(1.0, 28.0), out[k])
