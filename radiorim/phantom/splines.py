"""Compiled: cubic B-splines of knots in space, evaluated on a grid that is parallel to them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numba import njit

__all__ = ["evaluate", "places"]

Places = tuple[np.ndarray, np.ndarray]
"""Along one axis, for each place: the first of the four knots that weigh in, and their weights."""


def evaluate(field: np.ndarray, axes: Sequence[Places]) -> np.ndarray:
    """The field of knots, 3-D, at all combinations of places along its axes, float32."""
    values = np.empty([len(first) for first, _ in axes], np.float32)
    _evaluate(np.ascontiguousarray(field, dtype=np.float32), tuple(axes), values)
    return values


@lru_cache(maxsize=64)
def places(knots: int, step_mm: float, count: int, shift_mm: float, spacing_mm: float) -> Places:
    """Of `count` voxels that begin `shift_mm` from the second of the knots; beyond these the last span goes
    on.

    Kept, because dozens of fields are evaluated on the same grid.
    """
    place = (shift_mm + np.arange(count) * spacing_mm) / step_mm
    # A last voxel exactly on a knot belongs to the span before it: there is no span after the last.
    first = np.clip(np.floor(place).astype(int), 0, knots - 4)
    t = place - first
    weights = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    return first, (np.stack(weights, axis=1) / 6).astype(np.float32)


@njit(cache=True, error_model="numpy", nogil=True)
def _evaluate(field: np.ndarray, axes: tuple[Places, Places, Places], values: np.ndarray) -> None:
    """Fill `values` axis by axis, first the planes between planes of knots, then rows, then voxels."""
    (i, a), (j, b), (k, c) = axes
    depth, height, width = field.shape
    planes, plane, row = field.reshape(depth, -1), np.empty(height * width, np.float32), field[0, 0].copy()
    for x in range(i.size):
        _weigh(planes, i[x], a[x], plane)
        for y in range(j.size):
            _weigh(plane.reshape(height, width), j[y], b[y], row)
            for z in range(k.size):
                n, (p, q, r, s) = k[z], (c[z, 0], c[z, 1], c[z, 2], c[z, 3])
                values[x, y, z] = p * row[n] + q * row[n + 1] + r * row[n + 2] + s * row[n + 3]


@njit(cache=True, error_model="numpy", nogil=True)
def _weigh(rows: np.ndarray, first: int, weights: np.ndarray, between: np.ndarray) -> None:
    """Fill `between` with the weighted sum of four rows from `first` on."""
    p, q, r, s = weights[0], weights[1], weights[2], weights[3]
    for n in range(between.size):
        between[n] = (
            p * rows[first, n] + q * rows[first + 1, n] + r * rows[first + 2, n] + s * rows[first + 3, n]
        )
