"""Lesions that somebody else has outlined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from radiorim.case import Case
from radiorim.classic.splitting import Split, as_numbered
from radiorim.lesions import Lesions

__all__ = ["Given"]


@dataclass(frozen=True)
class Given:
    """The lesion mask of the case. A label map is taken as it is numbered; a mask of one value (1, 255, ...)
    is split into connected components, unless it is one component: that keeps its number.

    With `split` the mask is divided again by that method, and its numbers are not looked at.
    """

    mask: str = "lesions"
    connectivity: int = 26
    split: Split | None = None

    def fit(self, cases: Sequence[Case], *, seed: int) -> Given:
        """Nothing to learn."""
        del cases, seed
        return self

    def __call__(self, case: Case) -> Lesions:
        """The lesions; raises `DataError` if the case has no such mask."""
        mask = case.mask(self.mask)
        if self.split is not None:
            return self.split(mask)
        return as_numbered(mask, connectivity=self.connectivity)
