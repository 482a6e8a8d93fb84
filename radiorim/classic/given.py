"""Lesions that somebody else has outlined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radiorim.case import Case
from radiorim.lesions import Lesions

__all__ = ["Given"]


@dataclass(frozen=True)
class Given:
    """The lesion mask of the case. A label map is taken as it is numbered; a mask of one value (1, 255, ...)
    is split into connected components, unless it is one component: that keeps its number.
    """

    mask: str = "lesions"
    connectivity: int = 26

    def fit(self, cases: Sequence[Case], *, seed: int) -> Given:
        """Nothing to learn."""
        del cases, seed
        return self

    def __call__(self, case: Case) -> Lesions:
        """The lesions; raises `DataError` if the case has no such mask."""
        mask = case.mask(self.mask)
        if len(np.unique(mask.data[mask.data != 0])) > 1:
            return Lesions.from_labels(mask)
        split = Lesions.from_mask(mask, connectivity=self.connectivity)
        return Lesions.from_labels(mask) if len(split) == 1 else split
