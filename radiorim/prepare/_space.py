"""The grid half way between two visits, and how each visit gets there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from radiorim.prepare.register import Registration, half_way
from radiorim.prepare.resample import grid_around, resample
from radiorim.volume import Volume

__all__ = ["VISITS", "Space"]

VISITS = ("flair0", "flair")
_MARGIN_MM = 10.0


@dataclass(frozen=True)
class Space:
    """The common grid and the matrices that take each visit's RAS mm to it."""

    grid: Volume
    matrices: Mapping[str, np.ndarray]

    @classmethod
    def between(
        cls,
        raw: Mapping[str, Volume],
        masks: Mapping[str, Volume | None],
        found: Registration,
        spacing_mm: float | None,
    ) -> Space:
        """Isotropic voxels of `spacing_mm` around both masks, or for None the follow-up's own grid."""
        if spacing_mm is None:
            return cls(replace(raw["flair"], notes=(), source=""), dict.fromkeys(VISITS, np.eye(4)))
        to_first, to_second = half_way(found.matrix)
        matrices = {"flair0": np.linalg.inv(to_first), "flair": np.linalg.inv(to_second)}
        points = [_moved(_mask_mm(masks[v]), matrices[v]) for v in VISITS if masks[v] is not None]
        return cls(grid_around(np.vstack(points), spacing_mm=spacing_mm, margin_mm=_MARGIN_MM), matrices)

    def bring(self, volume: Volume, visit: str, order: int = 1) -> Volume:
        """The volume on the common grid, from this visit's world space; untouched if it is there already."""
        if volume.same_grid(self.grid) and np.array_equal(self.matrices[visit], np.eye(4)):
            return volume
        return resample(volume, self.grid, self.matrices[visit], order=order)


def _mask_mm(mask: Volume) -> np.ndarray:
    """RAS mm of the corners of the mask's bounding box, shape (8, 3)."""
    inside = np.argwhere(mask.data)
    low, high = inside.min(axis=0), inside.max(axis=0)
    return mask.to_mm(np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T)


def _moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return points @ matrix[:3, :3].T + matrix[:3, 3]
