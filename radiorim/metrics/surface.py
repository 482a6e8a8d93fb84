"""Distances between contours as Anima reports them, the defective one under a name that says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from radiorim.metrics.pair import Pair

__all__ = ["contour", "contour_mean_distance", "hausdorff_distance", "points_mm", "running_minimum_distance"]


def contour(labels: NDArray) -> NDArray[np.intp]:
    """Flat positions (x fastest, rising) of the contour of a label image.

    The contour is the labelled voxels with at least one of the 6 face neighbours inside the grid of
    another label. The edge of the grid is no boundary: a mask that fills the grid has no contour.
    """
    flat = labels.ravel(order="F")
    where = np.flatnonzero(flat != 0)  # lesions are sparse: look at their voxels, not at the grid
    own, edge, step = flat[where], np.zeros(where.size, dtype=bool), 1
    for along, length in zip(np.unravel_index(where, labels.shape, order="F"), labels.shape, strict=True):
        edge |= (along > 0) & (flat[np.maximum(where - step, 0)] != own)
        edge |= (along < length - 1) & (flat[np.minimum(where + step, flat.size - 1)] != own)
        step *= length
    return where[edge]


def points_mm(
    where: NDArray[np.intp], shape: tuple[int, ...], spacing: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Centres in mm of the voxels at flat positions (x fastest), one row each, in their order."""
    return np.stack(np.unravel_index(where, shape, order="F"), axis=1) * np.asarray(spacing)


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
    outside = np.flatnonzero((source & ~target).ravel(order="F"))
    if not outside.size:
        return 0.0
    points = (points_mm(where, target.shape, spacing) for where in (outside, contour(target)))
    return float(nearest_mm(*points).max())


def contour_mean_distance(pair: Pair) -> float:
    """Larger of the two directed means between contours, in mm (not their average).

    max(mean over p in C_T of d(p, C_R), mean over q in C_R of d(q, C_T)); NaN when a contour is empty.
    Where touching classes make contours thick, only contour voxels near a contour-free voxel count.
    """
    if pair.classes < 2:
        return float("nan")
    sides = [points_mm(_thin(side), side.shape, pair.spacing) for side in (pair.test, pair.reference)]
    if not all(len(side) for side in sides):
        return float("nan")
    return float(max(nearest_mm(*sides).mean(), nearest_mm(*sides[::-1]).mean()))


def _thin(labels: NDArray) -> NDArray[np.intp]:
    """Contour positions with a contour-free voxel among their 26 neighbours; for one class, all."""
    where = contour(labels)
    if labels.max() < 2:
        return where
    from scipy.ndimage import minimum_filter

    image = np.zeros(labels.shape, dtype=np.uint8, order="F")
    image.ravel(order="F")[where] = 1
    # mode="nearest" repeats voxels of the grid itself, so nothing outside it is invented.
    return where[minimum_filter(image, size=3, mode="nearest").ravel(order="F")[where] == 0]


def running_minimum_distance(pair: Pair, classes: Iterable[int] | None = None) -> float:
    """Anima's `SurfaceDistance`, in mm: kept for comparability, it is not an average surface distance.

    The nearest distance is never reset between contour points, so each term is the minimum over all
    points so far in raster order; the value depends on axis order and flips, and is often about 1 % of
    the true one. Terms of both directions and all classes are pooled. NaN when a side is empty.
    """
    if pair.classes < 2:
        return float("nan")
    contours = [(side.ravel(order="F"), contour(side)) for side in (pair.test, pair.reference)]
    total, count = 0.0, 0
    for label in range(1, pair.classes) if classes is None else classes:
        own = (where[flat[where] == label] for flat, where in contours)
        test, reference = (points_mm(where, pair.test.shape, pair.spacing) for where in own)
        for source, target in ((reference, test), (test, reference)):
            nearest = nearest_mm(source, target) if len(target) else np.full(len(source), 1e6)
            total += float(np.minimum.accumulate(nearest).sum()) if len(source) else 0.0
            count += len(source)
    return total / count if count else float("nan")
