"""Where the lesions of a volume are, so that filters work only there; and the volume before any filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.features.fast.voxels import Voxels, locate

if TYPE_CHECKING:
    from radiorim.features.texturesettings import Preprocessing
    from radiorim.lesions import Lesions
    from radiorim.volume import Volume

__all__ = ["Box", "Neighbourhood", "preprocessed"]

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """The voxels of the lesions in their label volume, with voxel edges in mm.

    `corners` are the first and the last index of each lesion's box, shape (lesions, 2, 3).
    """

    labels: np.ndarray
    spacing: tuple[float, float, float]
    voxels: Voxels
    corners: np.ndarray

    @classmethod
    def of(cls, lesions: Lesions) -> Neighbourhood:
        """Where these lesions are, in the order of their table; there must be one lesion or more."""
        voxels = locate(lesions.labels.data, lesions.numbers)
        corners = [end.reduceat(voxels.index, voxels.first[:-1]) for end in (np.minimum, np.maximum)]
        return cls(lesions.labels.data, lesions.labels.spacing, voxels, np.stack(corners, axis=1))

    def box(self, lesion: int, margin: int = 0) -> Box:
        """The box of the lesion at this place of the table, with a margin that stops at the volume's edge."""
        return self._box(*self.corners[lesion], np.full(3, margin))

    def union(self, margins: np.ndarray) -> Box:
        """The box of all lesions, with a margin for each axis that stops at the volume's edge."""
        return self._box(self.corners[:, 0].min(axis=0), self.corners[:, 1].max(axis=0), margins)

    def extremes(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Smallest and largest value in each lesion, of values in the order of `voxels`."""
        starts = self.voxels.first[:-1]
        return np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)

    def _box(self, first: np.ndarray, last: np.ndarray, margins: np.ndarray) -> Box:
        return tuple(
            slice(max(int(low - margin), 0), min(int(high + margin) + 1, length))
            for low, high, margin, length in zip(first, last, margins, self.labels.shape, strict=True)
        )


def preprocessed(volume: Volume, how: Preprocessing) -> np.ndarray:
    """The volume's values, as they are or, if that was asked for, normalised (float64).

    As pyradiomics' normalizeImage. Filters make float64 of what they look at, seldom the whole volume.
    """
    if not how.normalise:
        return volume.data
    data = volume.data.astype(np.float64)
    data = (data - data.mean()) / data.std(ddof=1)
    if how.outliers_sd is not None:
        data = data.clip(-how.outliers_sd, how.outliers_sd)
    return data * how.normalise_scale
