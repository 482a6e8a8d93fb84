"""Candidates from the ratio of the two visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radiorim.case import Case
from radiorim.classic.difference import brain_inside
from radiorim.classic.subtraction import SIGNS, with_peak
from radiorim.errors import DataError, UsageError
from radiorim.lesions import Lesions
from radiorim.volume import require_same_grid

__all__ = ["Ratio"]


@dataclass(frozen=True)
class Ratio:
    """Connected voxels where follow-up / baseline exceeds `threshold` (its inverse for vanished lesions).

    Needs intensities that are positive in the brain (but for a twentieth of it), so not z-scores. A
    morphological opening with a ball of `opening_mm` removes edges one voxel thick. `edge_mm` leaves out the
    rim of the brain mask.
    """

    threshold: float = 1.15
    sign: str = "new"
    connectivity: int = 26
    opening_mm: float = 1.0
    edge_mm: float = 0.0

    def fit(self, cases: Sequence[Case], *, seed: int) -> Ratio:
        """Nothing to learn."""
        del cases, seed
        return self

    def __call__(self, case: Case) -> Lesions:
        """The candidates, with the column `peak_ratio`: the highest ratio in each."""
        from scipy import ndimage

        if self.sign not in SIGNS:
            raise UsageError(f"sign must be one of {tuple(SIGNS)}, not {self.sign!r}.")
        after, before, inside = case.image("flair"), case.image("flair0"), brain_inside(case)
        require_same_grid({"flair": after, "flair0": before, "brain mask": inside})
        if min(np.percentile(image.data[inside.data], 5) for image in (before, after)) <= 0:
            raise DataError(
                f"{case.id}: a ratio needs positive intensities, but more than a twentieth of the brain is "
                "0 or less. Prepare with HalfWayPair(scale='median'), not with z-scores."
            )
        floor = np.float32(0.05) * np.median(before.data[inside.data])
        ratio = np.maximum(after.data, floor) / np.maximum(before.data, floor)
        ratio = after.like(ratio if self.sign == "new" else 1 / ratio)
        above = (ratio.data > self.threshold) & inside.data
        if self.opening_mm > 0:
            above = ndimage.binary_opening(above, ball(self.opening_mm, after.spacing))
        if self.edge_mm > 0:
            above &= ndimage.distance_transform_edt(inside.data, inside.spacing) > self.edge_mm
        found = Lesions.from_mask(ratio.like(above), connectivity=self.connectivity)
        return Lesions(found.labels, with_peak(found, ratio).table.rename(columns={"peak_sd": "peak_ratio"}))


def ball(radius_mm: float, spacing: Sequence[float]) -> np.ndarray:
    """Voxels whose centres lie within `radius_mm` of the middle one, as a boolean box."""
    reach = [int(np.floor(radius_mm / edge + 1e-6)) for edge in spacing]
    axes = np.meshgrid(
        *[np.arange(-n, n + 1) * edge for n, edge in zip(reach, spacing, strict=True)], indexing="ij"
    )
    return sum(axis**2 for axis in axes) <= (radius_mm + 1e-6) ** 2
