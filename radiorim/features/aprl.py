"""The 44 first-order statistics of APRL, raw and after binning into equally probable grey levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import UsageError
from radiorim.features.aprlstatistics import RIA_DIFFERS, STATISTICS, statistics_44
from radiorim.features.grouped import Grouped
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import aligned_image, feature_frame

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["AprlFirstOrder"]

_SQUARED = ("variance", "energy")
_WITHOUT_UNIT = {"skewness": "1", "kurtosis": "1", "uniformity": "1", "entropy": "bit"}


@dataclass(frozen=True)
class AprlFirstOrder:
    """44 statistics of each image, and again of each number of `bins` equally probable levels: 132 with two.

    APRL's own are those of the R package RIA, whose tri-mean takes the first quartile twice, whose high notch
    starts from the first quartile, whose first two geometric means are exp of a mean log2 and whose harmonic
    mean may be negative. These five are put right here unless `as_ria`. `energy_per_voxel` divides energy,
    which grows with the lesion, by the number of voxels.
    """

    images: tuple[str, ...] = ("phase",)
    bins: tuple[int, ...] = (8, 64)
    as_ria: bool = False
    energy_per_voxel: bool = False

    def __post_init__(self) -> None:
        if any(count < 2 for count in self.bins) or len(set(self.bins)) < len(self.bins):
            raise UsageError(f"bins must be different numbers of 2 or more, not {self.bins!r}.")
        if not self.images:
            raise UsageError("AprlFirstOrder needs at least one image.")

    @property
    def needs(self) -> tuple[str, ...]:
        """The images that a case must have."""
        return tuple(self.images)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion; everything is defined down to one voxel."""
        tables = []
        for image in self.images:
            raw = Grouped.of_lesions(aligned_image(case, image, lesions), lesions)
            levels = [raw.equal_probability(count) for count in self.bins]
            tables += [self._measure(values) for values in (raw, *levels)]
        rows = np.concatenate(tables, axis=1).tolist()
        names = list(self._known())
        return feature_frame(lesions.numbers, names, [dict(zip(names, row, strict=True)) for row in rows])

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means; the unit `image` is that of the image, `level` a bin."""
        return chosen(self._known(), names)

    def _measure(self, x: Grouped) -> np.ndarray:
        found = statistics_44(x, as_ria=self.as_ria)
        if self.energy_per_voxel:
            found["energy"] = found["energy"] / x.counts
        return np.stack(list(found.values()), axis=1)

    def _known(self) -> Dictionary:
        return {
            f"{image}_aprl{count or ''}_firstorder_{name}": self._meaning(name, count)
            for image in self.images
            for count in (0, *self.bins)
            for name in STATISTICS
        }

    def _meaning(self, name: str, count: int) -> dict[str, str]:
        source = STATISTICS | (RIA_DIFFERS if self.as_ria else {})
        formula, reference, span, degenerate = source[name]
        if self.energy_per_voxel and name == "energy":
            formula = "sum of x^2 / n"
        of = f"; x the levels 1..{count}, cut at the lesion's own k/{count} quantiles" if count else ""
        unit = "level" if count else "image"
        unit = _WITHOUT_UNIT.get(name, f"{unit}^2" if name in _SQUARED else unit)
        return entry(f"{formula}{of}", unit, f"RIA {reference}", span=span, degenerate=degenerate)
