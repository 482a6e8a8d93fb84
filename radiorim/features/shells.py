"""Layers around a lesion's surface, by distance from it in mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.features.regions import Region, distance_mm

__all__ = ["Shells"]


@dataclass(frozen=True)
class Shells:
    """Shells of `width_mm`, `inward` and `outward` of the surface, numbered 1.. inward and -1.. outward.

    A voxel's depth is the distance of its centre from the nearest face between lesion and not-lesion. The
    shell from a to b holds a < depth <= b.
    """

    width_mm: float
    inward: int
    outward: int

    def __post_init__(self) -> None:
        if not (self.width_mm > 0 and self.inward >= 1 and self.outward >= 1):
            raise UsageError("layers need width_mm above 0 and at least one shell inward and outward.")

    @property
    def margin_mm(self) -> float:
        """How far the outermost shell reaches."""
        return self.outward * self.width_mm

    def require_fitting_voxels(self, spacing: tuple[float, float, float]) -> None:
        """Raise `DataError` where no voxel's centre can lie within the first shell."""
        if min(spacing) / 2 > self.width_mm * (1 + 1e-6):
            raise DataError(
                f"layers of {self.width_mm:g} mm are thinner than half a voxel of {min(spacing):.3g} mm. "
                f"Choose width_mm={min(spacing):.2g} or resample to smaller voxels."
            )

    def number(self, region: Region, spacing: tuple[float, float, float]) -> np.ndarray:
        """Shell of each voxel of the box: 1.. inward, `inward` + 1 deeper, -1.. outward, 0 none.

        Voxels of other lesions are in no outward shell.
        """
        # Beyond the edge of the grid nothing is lesion.
        outside = np.pad(~region.inside, 1, constant_values=True)
        depth = distance_mm(outside, spacing, self.inward * self.width_mm)[1:-1, 1:-1, 1:-1]
        away = distance_mm(region.inside, spacing, self.margin_mm)
        inner = np.minimum(np.ceil(depth / self.width_mm - 1e-6), self.inward + 1)
        outer = np.where(np.isfinite(away) & ~region.taken, np.ceil(away / self.width_mm - 1e-6), 0)
        return np.where(region.inside, inner, -outer).astype(int)
