"""Compiled: surface, volume, diameters and second moments of each lesion's voxels."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["COLUMNS", "measure_rows"]

COLUMNS = 12
"""Mesh area and volume; largest distance across the third, second and first axis and in space; then what
the covariance of indices is made of: n times the sums of xx, yy, zz, xy, xz, yz less products of sums."""


@njit(cache=True, error_model="numpy", nogil=True)
def _surface(box: np.ndarray, dims: np.ndarray, corners: np.ndarray, pieces: tuple, out: np.ndarray) -> None:
    """Mesh area and volume; `corners`: eight steps in x, y and z; `pieces`: of `cubes`, and voxel edges."""
    area, volume, outward, edges = pieces
    steps = (corners[:, 0] * dims[1] + corners[:, 1]) * dims[2] + corners[:, 2]
    for x in range(dims[0] - 1):
        for y in range(dims[1] - 1):
            # The four corners behind are those that were in front of the cube before.
            pattern = 0
            for z in range(dims[2] - 1):
                here = (x * dims[1] + y) * dims[2] + z
                pattern >>= 4
                for bit in range(4, 8):
                    if box[here + steps[bit]]:
                        pattern |= 1 << bit
                if 0 < pattern < 255:
                    way = outward[pattern]
                    out[0] += area[pattern]
                    out[1] += volume[pattern]
                    out[1] += way[0] * z * edges[2] + way[1] * y * edges[1] + way[2] * x * edges[0]


@njit(cache=True, error_model="numpy", nogil=True)
def _vertices(index: np.ndarray, at: np.ndarray, box: np.ndarray, dims: np.ndarray) -> np.ndarray:
    """Centres of the outer faces (the vertices of the mesh), in half voxels."""
    strides = (dims[1] * dims[2], dims[2], 1)
    found, n = np.empty((6 * at.size, 3), np.int64), 0
    for v in range(at.size):
        for axis in range(3):
            for sign in (-1, 1):
                if not box[at[v] + sign * strides[axis]]:
                    for d in range(3):
                        found[n, d] = 2 * index[v, d]
                    found[n, axis] += sign
                    n += 1
    return found[:n]


@njit(cache=True, error_model="numpy", nogil=True)
def _squared(p: np.ndarray, q: np.ndarray) -> float:
    return (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2


@njit(cache=True, error_model="numpy", nogil=True)
def _furthest_from(points: np.ndarray, p: np.ndarray) -> int:
    best, which = -1.0, 0
    for i in range(len(points)):
        distance = _squared(points[i], p)
        if distance > best:
            best, which = distance, i
    return which


@njit(cache=True, error_model="numpy", nogil=True)
def _furthest(points: np.ndarray, best: float) -> float:
    """The largest squared distance of two points, or `best` if none is larger.

    From the middle between two points that are far apart, both ends of a larger distance are so far away
    that few points are left to pair.
    """
    p = points[_furthest_from(points, points[0])]
    q = points[_furthest_from(points, p)]
    best = max(best, _squared(p, q))
    centre = (p + q) / 2
    radius = math.sqrt(_squared(points[_furthest_from(points, centre)], centre))
    least = max(math.sqrt(best) * (1 - 1e-12) - radius, 0.0) ** 2
    far, n = np.empty(len(points), np.int64), 0
    for i in range(len(points)):
        if _squared(points[i], centre) >= least:
            far[n] = i
            n += 1
    for i in range(n):
        for j in range(i):
            best = max(best, _squared(points[far[i]], points[far[j]]))
    return best


@njit(cache=True, error_model="numpy", nogil=True)
def _by_plane(vertices: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """The order that sorts the vertices by their plane across the axis, and where each plane begins."""
    lowest, highest = vertices[:, axis].min(), vertices[:, axis].max()
    first = np.zeros(highest - lowest + 2, np.int64)
    for v in range(len(vertices)):
        first[vertices[v, axis] - lowest + 1] += 1
    first = np.cumsum(first)
    place, order = first.copy(), np.empty(len(vertices), np.int64)
    for v in range(len(vertices)):
        plane = vertices[v, axis] - lowest
        order[place[plane]] = v
        place[plane] += 1
    return order, first


@njit(cache=True, error_model="numpy", nogil=True)
def _diameters(vertices: np.ndarray, edges: np.ndarray, out: np.ndarray) -> None:
    points = vertices * (edges / 2)
    for axis in range(3):
        order, first = _by_plane(vertices, axis)
        ordered, best = points[order], 0.0
        for plane in range(first.size - 1):
            if first[plane + 1] - first[plane] > 1:
                best = _furthest(ordered[first[plane] : first[plane + 1]], best)
        out[2 - axis] = math.sqrt(best)
    out[3] = math.sqrt(_furthest(points, 0.0))


@njit(cache=True, error_model="numpy", nogil=True)
def _moments(index: np.ndarray, out: np.ndarray) -> None:
    """In whole numbers, so that a plate has exactly no extent across."""
    sums, products = np.zeros(3, np.int64), np.zeros((3, 3), np.int64)
    for v in range(len(index)):
        for d in range(3):
            sums[d] += index[v, d]
            for e in range(d, 3):
                products[d, e] += index[v, d] * index[v, e]
    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    for k in range(6):
        d, e = pairs[k]
        out[k] = len(index) * products[d, e] - sums[d] * sums[e]


@njit(cache=True, error_model="numpy", nogil=True)
def measure_rows(
    rows: np.ndarray, voxels: tuple, boxes: np.ndarray, given: tuple[np.ndarray, tuple], out: np.ndarray
) -> None:
    """Fill `out[row]` (COLUMNS wide); `boxes` hold anything but 0 inside."""
    first, at, box_first, dims, index = voxels
    corners, pieces = given
    for k in rows:
        box = boxes[box_first[k] : box_first[k + 1]]
        own_at, own_index = at[first[k] : first[k + 1]], index[first[k] : first[k + 1]]
        out[k] = 0.0
        _surface(box, dims[k], corners, pieces, out[k, 0:2])
        _diameters(_vertices(own_index, own_at, box, dims[k]), pieces[3], out[k, 2:6])
        _moments(own_index, out[k, 6:12])
