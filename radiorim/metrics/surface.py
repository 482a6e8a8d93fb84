"""Distances between contours as Anima reports them, the defective one under a name that says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radiorim.metrics.pair import Pair

__all__ = ["contour", "contour_mean_distance", "hausdorff_distance", "points_mm", "running_minimum_distance"]


def contour(labels: NDArray) -> NDArray:
    """Labelled voxels with at least one of the 6 face neighbours inside the grid of another label.

    The edge of the grid is no boundary: a mask that fills the grid has no contour.
    """
    edge = np.zeros(labels.shape, dtype=bool, order="F")
    for axis in range(labels.ndim):
        low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(labels.ndim))
        high = tuple(slice(1, None) if a == axis else slice(None) for a in range(labels.ndim))
        differs = labels[low] != labels[high]
        edge[low] |= differs
        edge[high] |= differs
    return np.where(edge, labels, 0).astype(labels.dtype, order="F")


def points_mm(mask: NDArray, spacing: tuple[float, float, float]) -> NDArray[np.float64]:
    """Centres of the nonzero voxels in mm, in raster order, x fastest."""
    # Searching the flat array in memory order is several times faster than np.argwhere.
    flat = np.flatnonzero((mask != 0).ravel(order="F"))
    return np.stack(np.unravel_index(flat, mask.shape, order="F"), axis=1) * np.asarray(spacing)


def nearest_mm(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from each source point to its nearest target point."""
    from scipy.spatial import KDTree

    # Unbalanced trees on sliding midpoints build faster; voxel centres are spread evenly anyway.
    return KDTree(target, balanced_tree=False, compact_nodes=False).query(source)[0]


def hausdorff_distance(pair: Pair) -> float:
    """Greatest distance from a voxel of one mask to the other mask, in mm, over all voxels, no percentile.

    max(max over p in A of d(p, B), max over q in B of d(q, A)), d = 0 inside. NaN when a side is empty.
    """
    if pair.classes < 2:
        return float("nan")
    test, reference = pair.test != 0, pair.reference != 0
    return max(_farthest(test, reference, pair.spacing), _farthest(reference, test, pair.spacing))


def _farthest(source: NDArray, target: NDArray, spacing: tuple[float, float, float]) -> float:
    """Only source voxels outside the target count, and their nearest target voxel lies on its contour."""
    outside = points_mm(source & ~target, spacing)
    return float(nearest_mm(outside, points_mm(contour(target), spacing)).max()) if len(outside) else 0.0


def contour_mean_distance(pair: Pair) -> float:
    """Larger of the two directed means between contours, in mm (not their average).

    max(mean over p in C_T of d(p, C_R), mean over q in C_R of d(q, C_T)); NaN when a contour is empty.
    Where touching classes make contours thick, only contour voxels near a contour-free voxel count.
    """
    if pair.classes < 2:
        return float("nan")
    sides = [points_mm(_thin(contour(side)), pair.spacing) for side in (pair.test, pair.reference)]
    if not all(len(side) for side in sides):
        return float("nan")
    return float(max(nearest_mm(*sides).mean(), nearest_mm(*sides[::-1]).mean()))


def _thin(contours: NDArray) -> NDArray[np.bool_]:
    """Contour voxels with a zero among their 26 neighbours in the contour image; for one class, all."""
    if contours.max() < 2:
        return contours != 0
    from scipy.ndimage import minimum_filter

    # mode="nearest" repeats voxels of the grid itself, so nothing outside it is invented.
    return (contours != 0) & (minimum_filter((contours != 0).astype(np.uint8), size=3, mode="nearest") == 0)


def running_minimum_distance(pair: Pair, classes: Iterable[int] | None = None) -> float:
    """Anima's `SurfaceDistance`, in mm: kept for comparability, it is not an average surface distance.

    The nearest distance is never reset between contour points, so each term is the minimum over all
    points so far in raster order; the value depends on axis order and flips, and is often about 1 % of
    the true one. Terms of both directions and all classes are pooled. NaN when a side is empty.
    """
    if pair.classes < 2:
        return float("nan")
    contours = contour(pair.test), contour(pair.reference)
    total, count = 0.0, 0
    for label in range(1, pair.classes) if classes is None else classes:
        test, reference = (points_mm(side == label, pair.spacing) for side in contours)
        for source, target in ((reference, test), (test, reference)):
            nearest = nearest_mm(source, target) if len(target) else np.full(len(source), 1e6)
            total += float(np.minimum.accumulate(nearest).sum()) if len(source) else 0.0
            count += len(source)
    return total / count if count else float("nan")
