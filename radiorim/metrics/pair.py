"""What a judge sees of two label images: ranks, one union box, one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Pair", "ranked_pair", "spacing_mm", "voxel_volume_mm3"]


@dataclass(frozen=True)
class Pair:
    """Two label images cropped to the box of both foregrounds (one voxel wider where the grid allows).

    `classes` counts the background; below 2 one side is empty. Outside the box both are background.
    """

    test: NDArray[np.uint16]
    reference: NDArray[np.uint16]
    classes: int
    spacing: tuple[float, float, float]
    shape: tuple[int, ...]
    box: tuple[slice, ...]

    @property
    def grid_voxels(self) -> int:
        """Voxels of the whole grid."""
        return int(np.prod(self.shape))

    @property
    def reference_is_empty(self) -> bool:
        """No voxel of the reference is above background."""
        return not self.reference.any()

    @property
    def test_is_empty(self) -> bool:
        """No voxel of the test is above background."""
        return not self.test.any()

    def only(self, label: int) -> Pair:
        """Reduce both sides to one class: label `label` becomes 1, the rest background."""
        test, reference = (
            np.asfortranarray(side == label, dtype=np.uint16) for side in (self.test, self.reference)
        )
        return replace(self, test=test, reference=reference, classes=2)


def spacing_mm(spacing: Sequence[float]) -> tuple[float, float, float]:
    """Give the voxel edges as the NIfTI header holds them: float32 values promoted to double.

    0.5 x 0.5 x 1.2 then has 0.30000001 mm3, as it has for every program that reads the header.

    >>> spacing_mm((0.5, 0.5, 1.2))
    (0.5, 0.5, 1.2000000476837158)
    """
    edges = np.asarray(spacing, dtype=np.float32).astype(float)
    if edges.shape != (3,) or not np.all(np.isfinite(edges)) or np.any(edges <= 0):
        raise DataError(f"spacing must be three positive numbers in mm. Got {tuple(spacing)}.")
    return float(edges[0]), float(edges[1]), float(edges[2])


def voxel_volume_mm3(spacing: Sequence[float]) -> float:
    """Volume of one voxel, (sx * sy) * sz in double, from `spacing_mm`."""
    x, y, z = spacing_mm(spacing)
    return (x * y) * z


def ranked_pair(test: ArrayLike, reference: ArrayLike, spacing: Sequence[float]) -> Pair:
    """Read two label images as Anima does: truncate, rank the values, agree on the number of classes.

    In each image the distinct values are replaced by their rank, so the smallest value present is
    background even if it is not 0, and an image of one single value is empty. Where the images hold
    different numbers of values, each is reduced to background and foreground (rule book, section 1.3).
    """
    images = np.asanyarray(test), np.asanyarray(reference)
    if images[0].shape != images[1].shape or images[0].ndim != 3:
        raise DataError(
            f"test {images[0].shape} and reference {images[1].shape} must be 3-D arrays on one grid. "
            "Resample one onto the other first (nearest neighbour)."
        )
    points = [_foreground(image, name) for image, name in zip(images, ("test", "reference"), strict=True)]
    ranks, counts = zip(*(_ranks(values, images[0].size) for _, values in points), strict=True)
    if min(counts) < 2 or counts[0] != counts[1]:
        ranks = tuple(np.minimum(rank, 1) for rank in ranks)
    box = _box([where for where, _ in points], images[0].shape)
    sides = [_dense(where, rank, box) for (where, _), rank in zip(points, ranks, strict=True)]
    classes = counts[0] if counts[0] == counts[1] else min(*counts, 2)
    return Pair(sides[0], sides[1], classes, spacing_mm(spacing), images[0].shape, box)


Points = tuple["NDArray[np.intp]", ...]


def _foreground(image: NDArray, name: str) -> tuple[Points, NDArray[np.uint16]]:
    """Indices and unsigned 16-bit values of the voxels that are not 0 once truncated."""
    # A flat search in memory order is several times faster than np.nonzero on three axes.
    order = "F" if image.flags.f_contiguous else "C"
    flat = image.ravel(order=order)
    where = np.flatnonzero(flat if flat.dtype == bool else flat != 0)
    values = flat[where]
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise DataError(f"{name} holds NaN or infinite values. A label image holds whole numbers.")
    if values.dtype != np.uint16:
        values = (values.astype(np.int64) & 0xFFFF).astype(np.uint16)
    if not values.all():
        where, values = where[values != 0], values[values != 0]
    return np.unravel_index(where, image.shape, order=order), values


def _ranks(values: NDArray[np.uint16], grid_voxels: int) -> tuple[NDArray[np.uint16], int]:
    """Rank of each value among those present, and how many are present, background included."""
    present = np.flatnonzero(np.bincount(values, minlength=1))
    if values.size < grid_voxels:
        present = np.union1d([0], present)
    rank = np.zeros(65536, dtype=np.uint16)
    rank[present] = np.arange(present.size)
    return rank[values], int(present.size)


def _box(points: list[Points], shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Box around all points, one voxel wider: a face at the box must not look like the grid's edge."""
    filled = [where for where in points if where[0].size]
    if not filled:
        return tuple(slice(0, 1) for _ in shape)
    low = [max(0, min(int(where[axis].min()) for where in filled) - 1) for axis in range(3)]
    high = [min(shape[axis], max(int(where[axis].max()) for where in filled) + 2) for axis in range(3)]
    return tuple(slice(a, b) for a, b in zip(low, high, strict=True))


def _dense(where: Points, values: NDArray[np.uint16], box: tuple[slice, ...]) -> NDArray[np.uint16]:
    # Fortran order: x runs fastest, as in the files and in every raster-order rule of the tools.
    out = np.zeros([side.stop - side.start for side in box], dtype=np.uint16, order="F")
    out[tuple(axis - side.start for axis, side in zip(where, box, strict=True))] = values
    return out
