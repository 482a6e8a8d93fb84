"""More positive lesions to learn from: the same ones, seen off centre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from radiorim.dl.lesionjob import LesionData
from radiorim.dl.patches import Place

__all__ = ["ShiftedPositives"]


@dataclass(frozen=True)
class ShiftedPositives:
    """Each positive lesion stands eight times in the data: its centre, moved by `voxels` along x, y, z, xy,
    xz, yz, xyz, or not at all (Deep-PRL).
    """

    voxels: int = 5

    def __call__(self, data: LesionData) -> LesionData:
        """The lesions, each positive one followed by its copies; all of the same person."""
        rows, places = [], []
        for row, place in enumerate(data.places):
            shown = list(self._around(place)) if data.truth[row] == 1 else [place]
            places += shown
            rows += [row] * len(shown)
        return replace(data, places=tuple(places), truth=data.truth[rows], persons=data.persons[rows])

    def smoke(self) -> ShiftedPositives:
        """Moved by at most 2 voxels, so that the lesion stays in a small patch."""
        return replace(self, voxels=min(self.voxels, 2))

    def _around(self, place: Place) -> Iterator[Place]:
        for offset in product((0, self.voxels), repeat=3):
            centre = tuple((np.array(place.centre) + offset).tolist())
            yield replace(place, centre=centre)
