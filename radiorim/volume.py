"""An array and its grid: nothing in radiorim passes one without the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from radiorim.errors import DataError

__all__ = ["GRID_TOLERANCE_MM", "Volume", "require_same_grid"]

GRID_TOLERANCE_MM = 1e-2
"""Two grids are one when no corner of them is further apart than this."""


@dataclass(frozen=True, eq=False)
class Volume:
    """A 3-D array and the 4x4 matrix that takes its voxel indices to RAS millimetres.

    The array keeps the axis order of its file; only the affine says where right, anterior and superior are.
    `notes` says what was repaired on reading; `source` names the file for error messages.
    """

    data: np.ndarray
    affine: np.ndarray
    notes: tuple[str, ...] = ()
    source: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.data.ndim != 3:
            raise DataError(f"{self.source or 'a volume'} has {self.data.ndim} dimensions; 3 are needed.")
        object.__setattr__(self, "affine", np.asarray(self.affine, dtype=float))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along each array axis."""
        return self.data.shape

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Voxel edge lengths in mm, as the float32 values that a NIfTI header holds.

        Anima's minimal lesion volume depends on that rounding (0.5 x 0.5 x 1.2 mm). On an oblique grid a
        length of more than six digits can differ from the header's in the last bit.
        """
        return tuple(float(np.float32(_edge_mm(column))) for column in self.affine[:3, :3].T)

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel."""
        return float(np.prod(self.spacing))

    def like(self, data: np.ndarray) -> Volume:
        """The same grid with other values; raises `DataError` if the shape is not the grid's."""
        if data.shape != self.shape:
            raise DataError(f"an array of shape {data.shape} does not fit a grid of shape {self.shape}.")
        return Volume(data, self.affine, self.notes, self.source)

    def to_mm(self, voxels: np.ndarray) -> np.ndarray:
        """RAS millimetres of voxel indices, shape (n, 3) in and out."""
        return np.asarray(voxels, dtype=float) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def to_voxels(self, mm: np.ndarray) -> np.ndarray:
        """Voxel indices (as reals) of RAS millimetres, shape (n, 3) in and out."""
        inverse = np.linalg.inv(self.affine)
        return np.asarray(mm, dtype=float) @ inverse[:3, :3].T + inverse[:3, 3]

    def corners_mm(self) -> np.ndarray:
        """RAS millimetres of the eight corner voxels, shape (8, 3)."""
        last = np.array(self.shape) - 1
        return self.to_mm(np.array(np.meshgrid(*[(0, n) for n in last])).reshape(3, -1).T)

    def grid_distance_mm(self, other: Volume) -> float:
        """Largest distance between matching corners; infinite if the shapes differ."""
        if self.shape != other.shape:
            return float("inf")
        return float(np.linalg.norm(self.corners_mm() - other.corners_mm(), axis=1).max())

    def same_grid(self, other: Volume) -> bool:
        """Whether voxel (i, j, k) is the same place in both."""
        return self.grid_distance_mm(other) <= GRID_TOLERANCE_MM


def require_same_grid(
    volumes: Mapping[str, Volume], *, fix: str = "Resample one to the other first."
) -> None:
    """Raise `DataError` naming the first volume that is not on the grid of the first one, and by how much."""
    names = list(volumes)
    for name in names[1:]:
        one, other = volumes[names[0]], volumes[name]
        if not one.same_grid(other):
            raise DataError(
                f"{names[0]} {one.shape} and {name} {other.shape} are not on one grid"
                f"{_difference(one, other)}. {fix}"
            )


def _edge_mm(column: np.ndarray) -> float:
    """The length of an axis, without what the rounding of an oblique affine to float32 has added to it."""
    length = float(np.linalg.norm(column))
    short = float(f"{length:.6g}")
    # Each entry is off by up to 2^-24 (6e-8) of itself, so the length is too. One entry alone is the length.
    oblique = np.count_nonzero(column) > 1
    return short if oblique and abs(short - length) <= 1e-7 * length else length


def _difference(one: Volume, other: Volume) -> str:
    if one.shape != other.shape:
        sizes = [" x ".join(f"{edge:.3g}" for edge in volume.spacing) for volume in (one, other)]
        return f" (voxels of {sizes[0]} mm and {sizes[1]} mm)"
    return f" (corners lie up to {one.grid_distance_mm(other):.3g} mm apart)"
