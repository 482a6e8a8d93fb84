"""A voxel and its six face neighbours on both visits and on a mask, as one row of numbers."""

from __future__ import annotations

import numpy as np

from radiorim.case import Case
from radiorim.classic.difference import brain_inside

__all__ = ["stencil_rows"]

_STEPS = np.array([(0, 0, 0), *(sign * np.eye(3, dtype=int)[axis] for axis in range(3) for sign in (-1, 1))])
"""The voxel and its six face neighbours."""


def stencil_rows(case: Case, mask: np.ndarray, voxels: np.ndarray) -> np.ndarray:
    """21 float32 features of each voxel (flat indices): flair0, flair and mask, at 7 places each.

    Beyond the grid the nearest voxel is repeated.
    """
    inside = brain_inside(case).data
    maps = [
        *(_standard(case.image(name).data, inside) for name in ("flair0", "flair")),
        mask.astype(np.float32),
    ]
    places = np.stack(np.unravel_index(voxels, mask.shape), axis=1)
    last = np.array(mask.shape) - 1
    columns = []
    for step in _STEPS:
        at = tuple(np.clip(places + step, 0, last).T)
        columns += [values[at] for values in maps]
    return np.stack(columns, axis=1)


def _standard(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    sample = values[inside]
    spread = float(sample.std())
    return ((values - sample.mean()) / (spread if spread > 0 else 1.0)).astype(np.float32)
