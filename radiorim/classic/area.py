"""Where new lesions may lie and how bright a change must be: rules of published subtraction systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radiorim.case import Case
from radiorim.classic.difference import brain_inside
from radiorim.classic.subtraction import with_peak
from radiorim.errors import UsageError
from radiorim.lesions import Lesions, components
from radiorim.volume import Volume, require_same_grid

__all__ = ["AboveMean", "ByInformation", "InclusionArea", "mutual_information", "old_lesions"]

_BINS = 32

_ROUNDING = 1e-5
"""Two visits whose difference spreads less than this share of the scan's own SD differ by rounding only."""


@dataclass(frozen=True)
class InclusionArea:
    """The brain but for its edge, the ventricles and what was bright before (Prados and Kanber, MSSEG-2).

    The brain mask is eroded `brain_erosions` times. Ventricles are where the atlas has more fluid than tissue
    after `ventricle_erosions` (which removes the thin fluid of the sulci). Bright before: baseline above the
    brain's mean + `baseline_sds` SD. Needs `TissuePriors`.
    """

    baseline_sds: float = 1.0
    brain_erosions: int = 1
    ventricle_erosions: int = 2

    def __call__(self, case: Case) -> np.ndarray:
        """Booleans on the grid of the case."""
        inside, before = brain_inside(case).data, case.image("flair0").data
        fluid = _eroded(case.image("prior_csf").data > 0.5, self.ventricle_erosions)
        return (
            _eroded(inside, self.brain_erosions)
            & ~fluid
            & ~_above_mean(before, inside, sds=self.baseline_sds)
        )


@dataclass(frozen=True)
class ByInformation:
    """More standard deviations where the two visits agree less (La Rosa, MSSEG-2).

    Agreement is their mutual information in the brain: from `good` on `sds_good` are asked, at `poor` and
    below `sds_poor`, in between a share of either.
    """

    sds_good: float = 3.0
    sds_poor: float = 4.5
    good: float = 0.8
    poor: float = 0.3

    def __post_init__(self) -> None:
        if not self.poor < self.good:
            raise UsageError(
                "the mutual information of a poor registration must be below that of a good one."
            )

    def __call__(self, case: Case) -> float:
        """How many standard deviations this pair needs."""
        inside = brain_inside(case).data
        agree = mutual_information(case.image("flair0").data[inside], case.image("flair").data[inside])
        return float(np.interp(agree, (self.poor, self.good), (self.sds_poor, self.sds_good)))


@dataclass(frozen=True)
class AboveMean:
    """Connected voxels whose difference exceeds its mean by `sds` SD (both of the brain), in an area.

    Plain mean and SD of the unsmoothed difference, as in the papers. Visits that differ by a constant give
    nothing. A component stays when it survives
    `erosions` (by faces) and has at least `least_voxels`. Without `area` the whole brain counts.
    """

    sds: float | ByInformation = 1.0
    area: InclusionArea | None = None
    erosions: int = 0
    least_voxels: int = 5
    connectivity: int = 26

    def fit(self, cases: Sequence[Case], *, seed: int) -> AboveMean:
        """Nothing to learn."""
        del cases, seed
        return self

    def __call__(self, case: Case) -> Lesions:
        """The candidates, with the column `peak_sd`: the highest difference in each, in SDs of the brain."""
        after, before, inside = case.image("flair"), case.image("flair0"), brain_inside(case)
        require_same_grid({"flair": after, "flair0": before, "brain mask": inside})
        change = np.where(inside.data, after.data - before.data, np.float32(0))
        spread = change[inside.data].std()
        same = spread <= _ROUNDING * after.data[inside.data].std()
        z = after.like((change - change[inside.data].mean()) / (np.inf if same else spread))
        sds = self.sds(case) if isinstance(self.sds, ByInformation) else self.sds
        allowed = inside.data if self.area is None else self.area(case)
        labels = components((z.data > sds) & allowed, self.connectivity)
        found = Lesions.from_labels(z.like(self._large_enough(labels))).renumbered()
        return with_peak(found, z)

    def _large_enough(self, labels: np.ndarray) -> np.ndarray:
        counts = np.bincount(labels.ravel())
        survives = np.zeros(counts.size, dtype=bool)
        survives[np.unique(labels[_eroded(labels > 0, self.erosions)])] = True
        survives[0] = False
        kept = survives & (counts >= self.least_voxels)
        return np.where(kept, np.arange(counts.size), 0).astype(np.int32)[labels]


def mutual_information(first: np.ndarray, second: np.ndarray) -> float:
    """Mutual information of two samples in nats, 32 equal bins each between their 1st and 99th percentile."""
    clipped = [np.clip(x, *np.percentile(x, (1, 99))) for x in (first, second)]
    joint = np.histogram2d(*clipped, bins=_BINS)[0] / first.size
    alone = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    filled = joint > 0
    return float((joint[filled] * np.log(joint[filled] / alone[filled])).sum())


def old_lesions(case: Case, *, sds: float) -> Volume:
    """White matter of the atlas that is brighter at baseline than the white matter's mean by `sds` SD."""
    before = case.image("flair0")
    white = brain_inside(case).data & (case.image("prior_wm").data > 0.5)
    return before.like(white & _above_mean(before.data, white, sds=sds))


def _above_mean(values: np.ndarray, inside: np.ndarray, *, sds: float) -> np.ndarray:
    sample = values[inside]
    return values > sample.mean() + sds * sample.std() if sample.size else np.zeros(values.shape, bool)


def _eroded(mask: np.ndarray, times: int) -> np.ndarray:
    from scipy import ndimage

    return ndimage.binary_erosion(mask, iterations=times) if times else mask
