"""The surface distances that people mean: symmetric average, 95th percentile, share within a tolerance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UsageError
from radiorim.metrics.pair import ranked_pair
from radiorim.metrics.surface import contour, nearest_mm, points_mm

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["directed_distances", "surface_metrics"]


def directed_distances(
    test: ArrayLike, reference: ArrayLike, spacing: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance in mm from each contour voxel of the test to the reference's contour, and the other way.

    Contours are voxel centres of the merged foreground (`surface.contour`). Where a side has no contour
    the distances to it are infinite; a side without contour has none.
    """
    pair = ranked_pair(test, reference, spacing)
    sides = [points_mm(contour(side != 0), side.shape, pair.spacing) for side in (pair.test, pair.reference)]
    return _nearest(sides[0], sides[1]), _nearest(sides[1], sides[0])


def surface_metrics(
    test: ArrayLike, reference: ArrayLike, spacing: Sequence[float], *, tolerance_mm: float = 1.0
) -> dict[str, float]:
    """ASSD, HD95 and normalised surface Dice of two masks.

    With a the distances from test to reference contour and b the other way: assd_mm = (sum a + sum b) /
    (|a| + |b|); hd95_mm = larger of the two 95th percentiles (not of the pooled distances);
    nsd = (#{a <= t} + #{b <= t}) / (|a| + |b|) at t = tolerance_mm (Nikolov 2021, by voxel centres).
    One side empty: assd and hd95 NaN, nsd 0; both empty: all NaN.

    >>> mask = np.zeros((9, 9, 9), bool); mask[3:6, 3:6, 3:6] = True
    >>> surface_metrics(np.roll(mask, 1, axis=0), mask, (2, 1, 1))["hd95_mm"]
    2.0
    """
    if not tolerance_mm >= 0:
        raise UsageError(f"tolerance_mm must be 0 or more. Got {tolerance_mm}.")
    out, back = directed_distances(test, reference, spacing)
    both = np.concatenate([out, back])
    # Unreachable is not 95 mm or 374 mm away: with a side empty there is no distance to average.
    undefined = not (out.size and back.size)
    within = both <= tolerance_mm + 1e-9
    return {
        "assd_mm": float("nan") if undefined else float(both.mean()),
        "hd95_mm": float("nan") if undefined else float(max(np.percentile(out, 95), np.percentile(back, 95))),
        "nsd": float(within.mean()) if both.size else float("nan"),
    }


def _nearest(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(source) or not len(target):
        return np.full(len(source), np.inf)
    return nearest_mm(source, target)
