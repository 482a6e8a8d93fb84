"""Candidates from the subtraction image: one threshold, or peaks grown to a share of their own height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radiorim.case import Case
from radiorim.classic.difference import brain_inside, robust_difference
from radiorim.classic.instances import grow_peaks, joined, label_maxima
from radiorim.errors import UsageError
from radiorim.lesions import Lesions
from radiorim.volume import Volume

__all__ = ["SIGNS", "Peaks", "Subtraction"]

SIGNS = {"new": 1.0, "vanished": -1.0}
"""What is looked for: brighter at the follow-up, or darker."""


@dataclass(frozen=True)
class Subtraction:
    """Connected voxels whose smoothed difference exceeds `sigmas` robust SDs of the brain.

    `min_flair_z` asks that the visit which shows the lesion be at least that bright (z in the brain): a new
    lesion is hyperintense, not merely brighter than before. `edge_mm` leaves out the rim of the brain mask.
    """

    sigmas: float = 3.0
    sign: str = "new"
    connectivity: int = 26
    smooth_mm: float = 1.0
    min_flair_z: float = 0.0
    edge_mm: float = 0.0

    def fit(self, cases: Sequence[Case], *, seed: int) -> Subtraction:
        """Nothing to learn."""
        del cases, seed
        return self

    def __call__(self, case: Case) -> Lesions:
        """The candidates, with the column `peak_sd`: the highest difference in each, in robust SDs."""
        change = signed_difference(case, self.sign, self.smooth_mm)
        allowed = eligible(case, self.sign, self.min_flair_z, self.edge_mm)
        found = Lesions.from_mask(
            change.like((change.data > self.sigmas) & allowed), connectivity=self.connectivity
        )
        return with_peak(found, change)


@dataclass(frozen=True)
class Peaks:
    """Local maxima of the smoothed difference above `sigmas`, each grown to `height` of its own value.

    Growth stays in the peak's watershed basin, so that a faint lesion beside a strong one keeps its extent.
    Peaks that meet at `join` of the lower one's height or more are one lesion (above 1: never). On real
    thick-slice pairs this found more lesions than any single threshold.
    """

    sigmas: float = 3.0
    height: float = 0.5
    join: float = 2.0
    sign: str = "new"
    smooth_mm: float = 1.0
    min_flair_z: float = 0.0
    edge_mm: float = 0.0

    def fit(self, cases: Sequence[Case], *, seed: int) -> Peaks:
        """Nothing to learn."""
        del cases, seed
        return self

    def __call__(self, case: Case) -> Lesions:
        """The candidates, with the column `peak_sd`: the height of each peak, in robust SDs."""
        change = signed_difference(case, self.sign, self.smooth_mm)
        allowed = eligible(case, self.sign, self.min_flair_z, self.edge_mm)
        inside = change.like(np.where(allowed, change.data, np.float32(0)))
        grown = grow_peaks(inside, floor=self.sigmas, height=self.height)
        one = grown.like(joined(inside, grown.data, self.join))
        return with_peak(Lesions.from_labels(one).renumbered(), change)


def signed_difference(case: Case, sign: str, smooth_mm: float) -> Volume:
    """The robust difference, positive where a lesion of the wanted sign would be."""
    if sign not in SIGNS:
        raise UsageError(f"sign must be one of {tuple(SIGNS)}, not {sign!r}.")
    change = robust_difference(case, smooth_mm=smooth_mm)
    return change.like(change.data * np.float32(SIGNS[sign]))


def eligible(case: Case, sign: str, min_flair_z: float, edge_mm: float) -> np.ndarray:
    """Where candidates may lie: in the brain, off its edge, bright on the visit that shows the lesion."""
    from scipy import ndimage

    inside = brain_inside(case)
    bright = case.image("flair" if sign == "new" else "flair0").data >= min_flair_z
    if edge_mm <= 0:
        return inside.data & bright
    return (ndimage.distance_transform_edt(inside.data, inside.spacing) > edge_mm) & bright


def with_peak(lesions: Lesions, change: Volume) -> Lesions:
    """Add the largest value of the difference in each lesion as `peak_sd`."""
    return lesions.with_columns(peak_sd=label_maxima(change.data, lesions.labels.data)[lesions.numbers])
