"""Filters of one voxel or its six neighbours, at the voxels of lesions, by pyradiomics' formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from radiorim.features.filters.neighbourhood import Neighbourhood

__all__ = ["POINTWISE", "gradient"]

POINTWISE: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "square": lambda x, largest: (1 / np.sqrt(largest) * x) ** 2,
    "squareroot": lambda x, largest: np.sign(x) * np.sqrt(np.abs(x) * largest),
    "logarithm": lambda x, largest: np.sign(x) * np.log(np.abs(x) + 1) * (largest / np.log(largest + 1)),
    "exponential": lambda x, largest: np.exp(np.log(largest) / largest * x),
}
"""Filter to a function of the values and the largest absolute value of the volume, which must be above 0."""


def gradient(data: np.ndarray, place: Neighbourhood, *, per_mm: bool) -> np.ndarray:
    """Magnitude of central differences, rounded to float32 as ITK does; at a border the value goes on."""
    index = place.voxels.index
    square = np.zeros(len(index))
    for axis, edge in enumerate(place.spacing):
        one = np.eye(3, dtype=int)[axis]
        last = np.array(data.shape) - 1
        ahead, behind = (
            data[tuple(np.clip(index + step, 0, last).T)].astype(np.float64) for step in (one, -one)
        )
        square += ((ahead - behind) / 2 / (edge if per_mm else 1)) ** 2
    return np.sqrt(square).astype(np.float32).astype(np.float64)
