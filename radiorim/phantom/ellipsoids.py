"""Compiled: how deep points lie below the surface of an ellipsoid."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

__all__ = ["depth_below"]


def depth_below(place: list[np.ndarray], rotation: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Distance below the surface in mm (first order), negative outside, float32.

    `place` holds the float32 mm from the centre along each axis of a grid of points. The rows of `rotation`
    are the ellipsoid's axes and `axes` half their lengths in mm.
    """
    depth = np.empty([part.size for part in place], np.float32)
    unit = (rotation / axes[:, None]).astype(np.float32)
    _fill(*(part.ravel() for part in place), np.column_stack([unit, axes]).astype(np.float32), depth)
    return depth


@njit(cache=True, error_model="numpy", nogil=True)
def _fill(x: np.ndarray, y: np.ndarray, z: np.ndarray, surface: np.ndarray, depth: np.ndarray) -> None:
    """Fill `depth`; a row of `surface` is an axis over half its length, and that half."""
    one, least, middle = np.float32(1), np.float32(1e-6), surface[:, 3].min()
    for i in range(x.size):
        for j in range(y.size):
            for k in range(z.size):
                far, steep = np.float32(0), np.float32(0)
                for axis in range(3):
                    part = surface[axis, 0] * x[i] + surface[axis, 1] * y[j] + surface[axis, 2] * z[k]
                    far += part * part
                    steep += (part / surface[axis, 3]) ** 2
                radius, slope = math.sqrt(far), math.sqrt(steep)
                depth[i, j, k] = radius * (one - radius) / max(slope, least) if slope > least else middle
