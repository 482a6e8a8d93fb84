"""Where the voxels of each lesion are: one list for all lesions, from one pass over the volume."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from radiorim.errors import DataError

__all__ = ["Voxels", "locate", "values_at"]


class Voxels(NamedTuple):
    """The voxels of lesions 0..n-1, lesion after lesion: those of lesion k are `first[k]:first[k + 1]`.

    `index` (v, 3) is where they are in the volume, `dims` (n, 3) the edges of each lesion's box with one
    empty voxel around it, `at` (v,) their place in that box (flat, C order) and `box_first` (n + 1,) where
    each box begins when all are laid end to end. A number without voxels has an empty list and box.
    """

    numbers: np.ndarray
    first: np.ndarray
    index: np.ndarray
    dims: np.ndarray
    at: np.ndarray
    box_first: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """The number of voxels of each lesion."""
        return np.diff(self.first)


def locate(labels: np.ndarray, numbers: np.ndarray) -> Voxels:
    """The voxels of the lesions with these numbers (all different, above 0) in a label volume (3-D)."""
    from radiorim.features.fast.scan import by_row, in_box, inside

    labels = np.ascontiguousarray(labels, dtype=np.int32)
    numbers = np.asarray(numbers, dtype=np.int64)
    row_of = np.full(int(numbers.max(initial=0)) + 1, -1, dtype=np.int64)
    row_of[numbers] = np.arange(len(numbers))
    places, rows = inside(labels, row_of)
    first = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(numbers)))])
    index = by_row(places, rows, first, labels.shape)
    lower, upper = (_extremes(index, first, reduce) for reduce in (np.minimum, np.maximum))
    dims = np.where(np.diff(first)[:, None] > 0, upper - lower + 3, 0)
    at = in_box(index, first, lower - 1, dims)
    box_first = np.concatenate([[0], np.cumsum(dims.prod(axis=1))])
    return Voxels(numbers, first, index, dims, at, box_first)


def values_at(data: np.ndarray, voxels: Voxels, *, image: str = "the image") -> np.ndarray:
    """The image in the lesions' voxels, float64; raises `DataError` that names it if one is not finite."""
    values = data[tuple(voxels.index.T)].astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        lesion = voxels.numbers[np.searchsorted(voxels.first, wrong[0], side="right") - 1]
        raise DataError(
            f"{image} holds NaN or infinite values at lesion {lesion}. Replace them before measuring."
        )
    return values


def _extremes(index: np.ndarray, first: np.ndarray, reduce: np.ufunc) -> np.ndarray:
    extremes = np.zeros((len(first) - 1, 3), dtype=np.int64)
    present = np.diff(first) > 0
    if present.any():
        extremes[present] = reduce.reduceat(index, first[:-1][present], axis=0)
    return extremes
