"""What changed in each lesion between two visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError, UsageError
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import Region, aligned_image, distance_mm, feature_frame, regions
from radiorim.volume import Volume, require_same_grid

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["Change"]

_ALWAYS = "always defined"
_NO_SURROUND = "NaN where other lesions leave no surround"
_ENTRIES = {
    name: entry(formula, unit, span="0 or more" if name.endswith("_sd") else "any", degenerate=degenerate)
    for name, formula, unit, degenerate in (
        ("before_mean", "mean in the lesion at the earlier visit", "image", _ALWAYS),
        ("after_mean", "mean in the lesion at the later visit", "image", _ALWAYS),
        ("difference_mean", "mean of later - earlier", "image", _ALWAYS),
        ("difference_sd", "SD (divided by n) of later - earlier", "image", "0 for one voxel"),
        ("difference_max", "largest later - earlier", "image", _ALWAYS),
        ("difference_min", "smallest later - earlier", "image", _ALWAYS),
        ("ratio", "after_mean / before_mean", "1", "NaN where before_mean is 0"),
        (
            "z",
            "(difference_mean - m) / (1.4826 d), m the median of later - earlier in the brain and d the "
            "median of its absolute deviations from m",
            "1",
            _ALWAYS,
        ),
        ("z_max", "the same with difference_max", "1", _ALWAYS),
        (
            "surround_difference",
            "mean of later - earlier within `surround_mm` of the lesion's surface, all lesions excluded",
            "image",
            _NO_SURROUND,
        ),
        ("difference_minus_surround", "difference_mean - surround_difference", "image", _NO_SURROUND),
    )
}


@dataclass(frozen=True)
class Change:
    """An image at two visits: means, difference, ratio, robust z of the difference, and the surround.

    Both visits must be on the lesions' grid and intensity-matched. Needs the mask `brain`.
    """

    before: str = "flair0"
    after: str = "flair"
    surround_mm: float = 3.0

    def __post_init__(self) -> None:
        if not self.surround_mm > 0:
            raise UsageError(f"surround_mm must be positive, not {self.surround_mm!r}.")

    @property
    def needs(self) -> tuple[str, ...]:
        """The images that a case must have."""
        return (self.before, self.after)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion; a surround without a voxel of its own is NaN.

        Raises `DataError` where both visits are the same in more than half of the brain.
        """
        before, after = (aligned_image(case, name, lesions) for name in self.needs)
        rows = []
        if len(lesions):
            middle, spread = _brain_difference(case, lesions, (before, after))
            for region in regions(lesions, margin_mm=self.surround_mm):
                row = self._measure(region, before, after)
                row["z"] = (row["difference_mean"] - middle) / spread
                row["z_max"] = (row["difference_max"] - middle) / spread
                rows.append({f"{self.after}_change_{key}": value for key, value in row.items()})
        return feature_frame(lesions.numbers, list(self._known()), rows)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means; the unit `image` is that of the images."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        return {f"{self.after}_change_{name}": meaning for name, meaning in _ENTRIES.items()}

    def _measure(self, region: Region, before: Volume, after: Volume) -> dict[str, float]:
        earlier, later = region.values(before), region.values(after)
        difference = later - earlier
        away = distance_mm(region.inside, before.spacing, self.surround_mm)
        around = np.isfinite(away) & ~region.inside & ~region.taken
        surround = region.values(after, around) - region.values(before, around)
        surround_mean = surround.mean() if surround.size else np.nan
        return {
            "before_mean": earlier.mean(),
            "after_mean": later.mean(),
            "difference_mean": difference.mean(),
            "difference_sd": difference.std(),
            "difference_max": difference.max(),
            "difference_min": difference.min(),
            "ratio": later.mean() / earlier.mean() if earlier.mean() else np.nan,
            "surround_difference": surround_mean,
            "difference_minus_surround": difference.mean() - surround_mean,
        }


def _brain_difference(case: Case, lesions: Lesions, pair: tuple[Volume, Volume]) -> tuple[float, float]:
    """Median and 1.4826 x MAD of later - earlier in the brain."""
    brain = case.mask("brain")
    require_same_grid({f"the labels of {case.id}": lesions.labels, "mask 'brain'": brain})
    inside = brain.data != 0
    if not inside.any():
        raise DataError(f"the brain mask of {case.id} is empty; change is judged against the whole brain.")
    difference = pair[1].data[inside].astype(np.float64) - pair[0].data[inside]
    middle = float(np.median(difference))
    spread = 1.4826 * float(np.median(np.abs(difference - middle)))
    if not spread > 0:
        raise DataError(
            f"the two visits of {case.id} differ by the same value in more than half of the brain. "
            "Was one file given twice?"
        )
    return middle, spread
