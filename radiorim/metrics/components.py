"""Lesions as connected components: which connectivity, how small, in which order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UsageError
from radiorim.metrics.pair import voxel_volume_mm3

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Components", "fewest_voxels", "find_components", "overlaps"]


@dataclass(frozen=True)
class Components:
    """Numbered lesions 1, 2, ... on one grid, kept as the list of their voxels.

    `where` are flat positions (x fastest), `number` the lesion at each, `sizes[i]` the voxels of
    lesion i + 1.
    """

    shape: tuple[int, ...]
    where: NDArray[np.intp]
    number: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many lesions."""
        return int(self.sizes.size)

    @property
    def labels(self) -> NDArray[np.int32]:
        """The label image, 0 outside the lesions."""
        out = np.zeros(self.shape, dtype=np.int32, order="F")
        out.ravel(order="F")[self.where] = self.number
        return out

    def placed(self, shape: tuple[int, ...], box: tuple[slice, ...]) -> Components:
        """The same lesions on a larger grid of which this one is the box `box`."""
        inside = np.unravel_index(self.where, self.shape, order="F")
        coordinates = tuple(axis + side.start for axis, side in zip(inside, box, strict=True))
        where = np.ravel_multi_index(coordinates, shape, order="F")
        return Components(shape, where, self.number, self.sizes)


def fewest_voxels(min_mm3: float, spacing: Sequence[float], *, keep_equal: bool = False) -> int:
    """Voxels that a lesion must have to be kept, given the minimal volume V and the voxel volume w.

    floor(V / w) + 1, strictly more than V (the analyzer); with `keep_equal` ceil(V / w), V or more
    (animaDetectedComponents, animaLesionEvolutionDetection).

    >>> fewest_voxels(3.0, (1, 1, 1)), fewest_voxels(3.0, (1, 1, 1), keep_equal=True)
    (4, 3)
    """
    voxels = min_mm3 / voxel_volume_mm3(spacing)
    return math.ceil(voxels) if keep_equal else math.floor(voxels) + 1


def find_components(mask: NDArray, *, connectivity: int = 6, fewest: int = 1) -> Components:
    """Label the nonzero voxels, drop components below `fewest` voxels, number the rest by falling size.

    Ties are numbered by their first voxel in raster order, x fastest. An empty mask gives no lesion.
    """
    import cc3d

    if connectivity not in (6, 18, 26):
        raise UsageError(f"connectivity must be 6, 18 or 26. Got {connectivity}.")
    foreground = np.asfortranarray(mask != 0)
    raw = cc3d.connected_components(foreground, connectivity=connectivity, out_dtype=np.uint32)
    where = np.flatnonzero(foreground.ravel(order="F"))
    number = raw.ravel(order="F")[where].astype(np.int64)
    sizes = np.bincount(number, minlength=1)
    first = np.zeros(sizes.size, dtype=np.int64)
    first[number[::-1]] = where[::-1]  # the last write wins, and it is the first voxel in raster order
    order = np.lexsort((first, -sizes))
    order = order[(sizes[order] >= fewest) & (order > 0)]
    rank = np.zeros(sizes.size, dtype=np.int64)
    rank[order] = np.arange(1, order.size + 1)
    number = rank[number]
    kept = number > 0
    return Components(foreground.shape, where[kept], number[kept], sizes[order])


def overlaps(rows: Components, columns: Components) -> NDArray[np.int64]:
    """Pairs of lesions that share voxels: one line (row lesion, column lesion, shared voxels) each.

    Column 0 is the background of the other side; lines are sorted by row, then column.
    """
    partner = columns.labels.ravel(order="F")[rows.where].astype(np.int64)
    stride = columns.count + 1
    pairs, voxels = np.unique(rows.number * stride + partner, return_counts=True)
    return np.stack([pairs // stride, pairs % stride, voxels], axis=1)
