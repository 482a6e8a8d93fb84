"""How the warp between two visits grew or shrank each lesion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.errors import DataError
from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import aligned_image, feature_frame, regions

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["Warp"]

_ENTRIES = {
    "mean": entry(
        "mean of J, the later volume for each earlier one", "1", span="above 0", degenerate="J of one voxel"
    ),
    "sd": entry("SD (divided by n) of J", "1", span="0 or more", degenerate="0 for one voxel"),
    "min": entry("smallest J", "1", span="above 0", degenerate="J of one voxel"),
    "max": entry("largest J", "1", span="above 0", degenerate="J of one voxel"),
    "log_mean": entry(
        "mean of ln J: 0 without change, above 0 for growth", "1", span="any", degenerate="ln J of one voxel"
    ),
}


@dataclass(frozen=True)
class Warp:
    """The Jacobian determinant J of a warp from the earlier to the later visit, in each lesion.

    The case has it as an image (`jacobian`) on the lesions' grid: above 1 where tissue grew. radiorim's own
    registration is affine and makes none; a case without the image has no such columns. Raises `DataError`
    for values of 0 or less, which a logarithm of J or a folded warp would hold.
    """

    image: str = "jacobian"

    @property
    def needs(self) -> tuple[str, ...]:
        """The image that a case must have."""
        return (self.image,)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion, nothing undefined."""
        volume = aligned_image(case, self.image, lesions)
        rows = []
        for region in regions(lesions):
            jacobian = region.values(volume)
            if not (jacobian > 0).all():
                raise DataError(
                    f"{self.image!r} of {case.id} is {jacobian.min():.3g} at lesion {region.number}: a "
                    "Jacobian determinant is above 0. Is it a logarithm, or did the warp fold?"
                )
            values = {
                "mean": jacobian.mean(),
                "sd": jacobian.std(),
                "min": jacobian.min(),
                "max": jacobian.max(),
                "log_mean": np.log(jacobian).mean(),
            }
            rows.append({f"{self.image}_change_{key}": float(value) for key, value in values.items()})
        return feature_frame(lesions.numbers, list(self._known()), rows)

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        return {f"{self.image}_change_{name}": meaning for name, meaning in _ENTRIES.items()}
