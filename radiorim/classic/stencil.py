"""Voxels and their six neighbours on both visits and on the candidate mask, averaged over each candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from radiorim.features.naming import Dictionary, chosen, entry
from radiorim.features.regions import aligned_image, feature_frame

if TYPE_CHECKING:
    import pandas as pd

    from radiorim.case import Case
    from radiorim.lesions import Lesions

__all__ = ["Stencil"]

_STEPS = {
    "centre": (0, 0, 0),
    "first_before": (-1, 0, 0),
    "first_after": (1, 0, 0),
    "second_before": (0, -1, 0),
    "second_after": (0, 1, 0),
    "third_before": (0, 0, -1),
    "third_after": (0, 0, 1),
}
"""The voxel and its face neighbours, along the first, second and third axis of the array."""


@dataclass(frozen=True)
class Stencil:
    """The mean over a lesion's voxels of each voxel of a seven-voxel stencil, in each image and in the mask
    of all candidates: 7 x (images + 1) numbers.

    Beyond the grid the nearest voxel is repeated.
    """

    images: tuple[str, ...] = ("flair0", "flair")

    @property
    def needs(self) -> tuple[str, ...]:
        """The images that a case must have."""
        return tuple(self.images)

    def __call__(self, case: Case, lesions: Lesions) -> pd.DataFrame:
        """One row for each lesion; defined down to one voxel."""
        mask = (lesions.labels.data > 0).astype(np.float64)
        maps = [aligned_image(case, name, lesions).data for name in self.images] + [mask]
        voxels = np.argwhere(lesions.labels.data > 0)
        place = np.searchsorted(np.sort(lesions.numbers), lesions.labels.data[tuple(voxels.T)])
        counts = np.bincount(place, minlength=len(lesions))
        columns = []
        for values in maps:
            for step in _STEPS.values():
                at = np.clip(voxels + step, 0, np.array(mask.shape) - 1)
                sums = np.bincount(place, weights=values[tuple(at.T)], minlength=len(lesions))
                columns.append(sums / np.maximum(counts, 1))
        names = list(self._known())
        order = np.argsort(np.argsort(lesions.numbers))
        rows = np.stack(columns, axis=1)[order] if len(lesions) else np.zeros((0, len(names)))
        return feature_frame(
            lesions.numbers, names, [dict(zip(names, row, strict=True)) for row in rows.tolist()]
        )

    def dictionary(self, names: Sequence[str]) -> Dictionary:
        """What each of these columns means."""
        return chosen(self._known(), names)

    def _known(self) -> Dictionary:
        return {
            f"{image}_stencil_firstorder_{step}": entry(
                f"mean over the lesion of the voxel at {offset} in array axes", unit
            )
            for image, unit in [*((name, "image") for name in self.images), ("candidates", "1")]
            for step, offset in _STEPS.items()
        }
