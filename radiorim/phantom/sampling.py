"""Compiled: maps looked up at places between voxels, as scipy's `map_coordinates` does, to the last bit.

scipy reads and weighs through one loop for any order of spline and any number of axes; with order and axes
known, the same sums take a quarter of the time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["linear", "nearest"]


def linear(image: np.ndarray, places: np.ndarray, *, outside: float | None = None) -> np.ndarray:
    """The image between its voxels, linear along each axis, as the image's type.

    `image` has shape (x, y, z), or (x, y, z, maps) for several maps at once, which are then read together.
    `places` are voxels as reals, shape (3, ...); the result has the shape of the rest, and of the maps.
    Beyond the outermost voxels the value is `outside`; None is that of the nearest voxel. Each axis needs two
    voxels or more.
    """
    maps = np.ascontiguousarray(image).reshape(*image.shape[:3], -1)
    values = np.empty((places[0].size, maps.shape[3]), image.dtype)
    flat = np.ascontiguousarray(places.reshape(3, -1))
    _linear(maps, flat, outside is None, 0.0 if outside is None else outside, values)
    return values.reshape(*places.shape[1:], *image.shape[3:])


def nearest(image: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The value of the voxel nearest to each place: `places`, shape (3, ...), are voxels as reals."""
    values = np.empty(places[0].size, image.dtype)
    _nearest(np.ascontiguousarray(image), np.ascontiguousarray(places.reshape(3, -1)), values)
    return values.reshape(places.shape[1:])


@njit(cache=True, error_model="numpy", nogil=True)
def _held(place: float, count: int) -> float:
    """The place itself, or the outermost voxel of `count` where it lies beyond."""
    return min(max(place, 0.0), count - 1.0)


@njit(cache=True, error_model="numpy", nogil=True)
def _span(place: float, count: int) -> tuple[int, float, float]:
    """The voxel below a place, and the weights of it and of the next one."""
    held = _held(place, count)
    low = min(int(held), count - 2)
    weight = 1.0 - (held - low)
    return low, weight, 1.0 - weight


@njit(cache=True, error_model="numpy", nogil=True)
def _beyond(place: float, count: int) -> bool:
    return place < 0 or place > count - 1


@njit(cache=True, error_model="numpy", nogil=True)
def _linear(image: np.ndarray, places: np.ndarray, extend: bool, outside: float, values: np.ndarray) -> None:
    """Fill `values`; the eight products are summed in scipy's order, in double precision."""
    depth, height, width, maps = image.shape
    for n in range(len(values)):
        x, y, z = float(places[0, n]), float(places[1, n]), float(places[2, n])
        if not extend and (_beyond(x, depth) or _beyond(y, height) or _beyond(z, width)):
            values[n] = outside
            continue
        i, a0, a1 = _span(x, depth)
        j, b0, b1 = _span(y, height)
        k, c0, c1 = _span(z, width)
        for m in range(maps):
            total = 0.0
            for p, a in ((i, a0), (i + 1, a1)):
                for q, b in ((j, b0), (j + 1, b1)):
                    total += image[p, q, k, m] * a * b * c0
                    total += image[p, q, k + 1, m] * a * b * c1
            values[n, m] = total


@njit(cache=True, error_model="numpy", nogil=True)
def _nearest(image: np.ndarray, places: np.ndarray, values: np.ndarray) -> None:
    """Fill `values`; halfway between two voxels the later one is taken."""
    depth, height, width = image.shape
    for n in range(values.size):
        i = int(_held(float(places[0, n]), depth) + 0.5)
        j = int(_held(float(places[1, n]), height) + 0.5)
        k = int(_held(float(places[2, n]), width) + 0.5)
        values[n] = image[i, j, k]
