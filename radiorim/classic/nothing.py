"""The generator that finds nothing: for stopping after `prepare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radiorim.case import Case
from radiorim.errors import DataError
from radiorim.lesions import Lesions

__all__ = ["Nothing"]


@dataclass(frozen=True)
class Nothing:
    """No candidates, on the grid that the case was prepared on.

    What a recipe with a learned `find` is staged with: its cases are prepared once, and each fold's finder
    then looks at them.
    """

    def fit(self, cases: Sequence[Case], *, seed: int) -> Nothing:
        """Nothing to learn."""
        del cases, seed
        return self

    def __call__(self, case: Case) -> Lesions:
        """An empty table on the case's grid; raises `DataError` for a case without any image."""
        if not len(case.images):
            raise DataError(f"{case.id} has no image, so it has no grid.")
        grid = case.images["flair" if "flair" in case.images else next(iter(case.images))]
        return Lesions.from_labels(grid.like(np.zeros(grid.shape, np.int32)))
